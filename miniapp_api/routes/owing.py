"""What is owed: bills."""

from billing import bills as billing_bills
from billing import collecting, instalments
from core import http as kit
from miniapp_api import bills
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
        description=(
            "连同付款记录、分期，以及待顾客确认的分期方案。",
            "With its payments, its instalments, and instalments the customer is asked to agree to.",
        ),
        answer=bills.BillRecord,
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
        answer=bills.BillRecord,
        refusals=(
            billing_bills.NoSuchBill,
            billing_bills.BillNotOwed,
            billing_bills.BillPaymentPending,
            billing_bills.BillUnderReview,
            collecting.AmountAboveOwed,
            collecting.PaidInFullOnly,
            collecting.InsufficientBalance,
            collecting.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.post(
        "/bills/{bill_no}/instalments/agree",
        bills.agree,
        summary=("同意分期方案", "Agree to instalments"),
        description=(
            "顾客先在账单里看到方案的各期和条款（`proposed`），同意后开始执行。",
            "The customer has seen the parts and the terms in the bill (`proposed`); once agreed to, they run.",
        ),
        answer=bills.BillRecord,
        refusals=(
            billing_bills.NoSuchBill,
            billing_bills.BillNotOwed,
            billing_bills.BillPaymentPending,
            billing_bills.BillUnderReview,
            billing_bills.BillOfAnOrder,
            instalments.NoArrangement,
            instalments.ProposalOutdated,
            instalments.ConsentOutdated,
            instalments.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
)
