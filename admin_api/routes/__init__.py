"""The table of contents of the operators' API: a file a topic."""

from admin_api.routes import (
    abnormal,
    approving,
    bills,
    counter,
    credit,
    customers,
    holds,
    messages,
    money,
    moving,
    offers,
    reconciling,
    refunds,
    remittances,
    shipping,
    shop,
    signing_in,
    watching,
)
from core import http as kit

API = kit.Api(
    title=("商户管理接口", "Operators' API"),
    version="1.0.0",
    prefix="/admin/v1",
    description=(
        "商户员工使用的接口：顾客、余额调整、套餐、商品、欠费、支付、核账。",
        "What the shop's own people use: customers, adjustments, packages, products, what is due, payments, proof.",
    ),
    routes=(
        *signing_in.ROUTES,
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
        *shop.ROUTES,
        *watching.ROUTES,
    ),
)
