"""Refunds, and the agreement that says how they are made."""

from billing import agreements as billing_agreements
from billing import refunds as billing_refunds
from core import http as kit
from miniapp_api import agreements, refunds
from miniapp_api.routes.caller import CUSTOMER

ROUTES = (
    kit.get(
        "/agreement",
        agreements.current,
        summary=("现行的预付卡协议", "The prepayment agreement in force"),
        answer=agreements.PrepaymentAgreement,
        refusals=(billing_agreements.NoSuchAgreement,),
        auth=CUSTOMER,
    ),
    kit.get(
        "/top-ups/{top_up_no}/agreement",
        agreements.agreed,
        summary=("这笔充值同意的协议", "The agreement agreed to with a top-up"),
        answer=agreements.Consent,
        refusals=(billing_agreements.NoSuchAgreement,),
        auth=CUSTOMER,
    ),
    kit.get(
        "/top-ups/{top_up_no}/refund-offer",
        refunds.offer,
        summary=("这笔充值现在可以退多少", "What of a top-up may go back now"),
        description=(
            "只是预览，不会动任何钱；充值时记下的规则决定可退的本金和收回的赠送。",
            "A preview that moves nothing. The terms recorded with the top-up say how much, and what bonus goes with it.",
        ),
        answer=refunds.RefundOffer,
        refusals=(billing_refunds.NoSuchTopUp, billing_refunds.NoSuchAccount),
        auth=CUSTOMER,
    ),
    kit.post(
        "/top-ups/{top_up_no}/refunds",
        refunds.ask_for,
        summary=("申请充值退款", "Ask for a top-up back"),
        description=(
            "钱先从余额中取出。七日内无理由的直接退回，其余等待门店审核；不成功时连同赠送放回原处。",
            "The money leaves the balance at once. Within the seven days it goes back without asking anybody, else the shop "
            "decides; if it comes to nothing all of it, bonus included, returns to where it was.",
        ),
        status=201,
        answer=refunds.Refund,
        refusals=(
            billing_refunds.NoSuchTopUp,
            billing_refunds.NotRefundable,
            billing_refunds.InsufficientBalance,
            billing_refunds.NoSuchAccount,
            billing_refunds.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.get(
        "/refunds",
        refunds.listing,
        summary=("我的退款", "The customer's refunds"),
        answer=kit.Page[refunds.Refund],
        auth=CUSTOMER,
    ),
)
