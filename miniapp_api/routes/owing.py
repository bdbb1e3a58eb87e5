"""What is owed: bills and plans."""

from billing import bills as billing_bills
from billing import plans as billing_plans
from core import http as kit
from miniapp_api import (
    bills,
    plans,
)
from miniapp_api.routes.caller import CUSTOMER

ROUTES = (
    kit.get(
        "/bills",
        bills.listing,
        summary=("账单", "Bills"),
        answer=kit.Page[bills.Bill],
        auth=CUSTOMER,
    ),
    kit.get(
        "/bills/{bill_no}",
        bills.one,
        summary=("一张账单", "One bill"),
        answer=bills.Bill,
        refusals=(billing_bills.NoSuchBill,),
        auth=CUSTOMER,
    ),
    kit.post(
        "/bills/{bill_no}/pay",
        bills.pay,
        summary=("用余额支付账单", "Pay a bill from the balance"),
        description=(
            "可以只付一部分（一次付清的账单除外）。订单的账单请通过订单支付。",
            "A part may be paid, except of bills to be paid in full. Bills of orders are paid with the order.",
        ),
        answer=bills.Bill,
        refusals=(
            billing_bills.NoSuchBill,
            billing_bills.BillNotOwed,
            billing_bills.BillPaymentPending,
            billing_bills.AmountAboveOwed,
            billing_bills.PaidInFullOnly,
            billing_bills.InsufficientBalance,
            billing_bills.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.get(
        "/plan-offers",
        plans.offers,
        summary=("可订阅的计划", "Plans on offer"),
        answer=kit.Page[plans.PlanOffer],
        auth=CUSTOMER,
    ),
    kit.post(
        "/plans",
        plans.subscribe,
        summary=("订阅计划", "Subscribe to a plan"),
        status=201,
        answer=plans.Plan,
        refusals=(billing_plans.NoSuchOffer, billing_plans.ConsentOutdated, billing_plans.KeyReused),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.get(
        "/plans",
        plans.listing,
        summary=("我的计划", "The customer's plans"),
        answer=kit.Page[plans.Plan],
        auth=CUSTOMER,
    ),
    kit.post(
        "/plans/{plan_id}/cancel",
        plans.cancel,
        summary=("取消计划", "End a plan"),
        answer=plans.Plan,
        refusals=(billing_plans.NoSuchPlan,),
        auth=CUSTOMER,
    ),
)
