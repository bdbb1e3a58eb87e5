"""The table of contents of the operators' API: a file a topic."""

from admin_api import duties
from admin_api.routes import (
    abnormal,
    approving,
    bills,
    counter,
    credit,
    customers,
    due,
    freight,
    holds,
    messages,
    money,
    moving,
    offers,
    planning,
    reconciling,
    refunds,
    remittances,
    shipping,
    shop,
    signing_in,
    staff,
    watching,
)
from core import http as kit

_TABLE = kit.Api(
    title=("商户管理接口", "Operators' API"),
    version="1.0.0",
    prefix="/admin/v1",
    description=(
        "商户员工使用的接口：顾客、余额调整、套餐、商品、欠费、支付、核账。",
        "What the shop's own people use: customers, adjustments, packages, products, what is due, payments, proof.",
    ),
    routes=(
        *signing_in.ROUTES,
        *staff.ROUTES,
        *customers.ROUTES,
        *bills.ROUTES,
        *money.ROUTES,
        *counter.ROUTES,
        *holds.ROUTES,
        *messages.ROUTES,
        *approving.ROUTES,
        *moving.ROUTES,
        *refunds.ROUTES,
        *remittances.ROUTES,
        *shipping.ROUTES,
        *reconciling.ROUTES,
        *credit.ROUTES,
        *abnormal.ROUTES,
        *offers.ROUTES,
        *planning.ROUTES,
        *due.ROUTES,
        *shop.ROUTES,
        *freight.ROUTES,
        *watching.ROUTES,
    ),
)
API = duties.assigned(_TABLE)
