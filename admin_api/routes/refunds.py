"""Refunds, and the agreement that says how they are made."""

from admin_api import agreements, refunds
from admin_api.routes.caller import OPERATOR
from billing import agreements as billing_agreements
from billing import card_refunds
from billing import refunds as billing_refunds
from core import http as kit

_DECIDING = (
    billing_refunds.NoSuchRefund,
    billing_refunds.RefundStateForbids,
    billing_refunds.KeyReused,
)

ROUTES = (
    kit.get(
        "/refunds",
        refunds.listing,
        summary=("退款", "Refunds"),
        answer=kit.Page[refunds.Refund],
        auth=OPERATOR,
    ),
    kit.get(
        "/refunds/{refund_no}",
        refunds.one,
        summary=("一笔退款及其批次", "One refund with its lots"),
        answer=refunds.RefundExplained,
        refusals=(billing_refunds.NoSuchRefund,),
        auth=OPERATOR,
    ),
    kit.post(
        "/bills/{bill_no}/refunds",
        refunds.of_bill,
        summary=("退账单的款", "Refund a bill"),
        description=(
            "从最后一笔付款退起：余额付的立即退回原批次，渠道付的原路退回，柜台付的由柜台退。超过复核限额的先等待复核。",
            "From the newest payment on: what came from the balance returns to its lots at once, a channel's goes back the way "
            "it came, the counter's is paid out there. Above the shop's limit a second person decides first.",
        ),
        status=201,
        answer=refunds.RefundOutcome,
        refusals=(
            billing_refunds.NoSuchBill,
            billing_refunds.BillPaymentPending,
            billing_refunds.BillUnderReview,
            billing_refunds.NothingToRefund,
            billing_refunds.RefundTooLarge,
            billing_refunds.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/top-ups/{top_up_no}/refunds",
        refunds.of_top_up,
        summary=("退充值款", "Refund a top-up"),
        description=(
            "只退未用的部分，并按充值时记下的规则收回赠送。超过一年的渠道退不了，由柜台付给顾客。",
            "Only what is unspent, with bonus taken back by the terms recorded on the top-up. What is older than the channel's "
            "year is paid out at the counter.",
        ),
        status=201,
        answer=refunds.RefundOutcome,
        refusals=(
            billing_refunds.NoSuchTopUp,
            billing_refunds.NotRefundable,
            billing_refunds.InsufficientBalance,
            billing_refunds.NoSuchAccount,
            billing_refunds.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/refunds/{refund_no}/approve",
        refunds.approve,
        summary=("同意顾客的退款申请", "Let a customer's request go ahead"),
        answer=refunds.Refund,
        refusals=(*_DECIDING, billing_refunds.CreditOwed, billing_refunds.NoSuchAccount),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/refunds/{refund_no}/reject",
        refunds.reject,
        summary=("不同意顾客的退款申请", "Turn a customer's request down"),
        description=(
            "钱和赠送放回原来的批次。",
            "Money and bonus return to the lots they were taken from.",
        ),
        answer=refunds.Refund,
        refusals=_DECIDING,
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/refunds/{refund_no}/paid-out",
        refunds.paid_out,
        summary=("柜台已付给顾客", "The counter has paid it out"),
        answer=refunds.Refund,
        refusals=_DECIDING,
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/refunds/{refund_no}/to-balance",
        refunds.to_balance,
        summary=("渠道退不动，退到余额", "Credit the balance with what a channel is stuck with"),
        answer=refunds.Refund,
        refusals=_DECIDING,
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/refunds/{refund_no}/to-counter",
        refunds.to_counter,
        summary=("渠道退不动，改由柜台退", "Pay out at the counter what a channel is stuck with"),
        description=(
            "付给顾客后再调用 paid-out。",
            "Once it is paid out, `paid-out` says so.",
        ),
        answer=refunds.Refund,
        refusals=_DECIDING,
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/refunds/{refund_no}/to-card",
        refunds.to_card,
        summary=("渠道退不动，退到顾客的另一张卡", "Send what a channel is stuck with to another card"),
        description=(
            "微信支付的异常退款（原卡注销等）：退款单号不变，由渠道付到顾客本人的银行卡。卡号只转给渠道，不保存。",
            "Abnormal refunds of WeChat Pay (the card was closed, …): the refund keeps its number and the channel pays it to a card "
            "of the customer's own. The card's number is passed on and kept nowhere.",
        ),
        answer=refunds.Refund,
        refusals=(*_DECIDING, card_refunds.RefundToCardRefused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/refunds/{refund_no}/retry",
        refunds.retry,
        summary=("重试退款", "Try a refund again"),
        description=(
            "卡住的用原来的单号再问渠道；失败的生成一笔新的退款，只能重试一次，可改由柜台退（at_counter）。",
            "What is stuck is asked about under its old number; what failed becomes a new refund, once, paid out at the counter with "
            "`at_counter`.",
        ),
        answer=refunds.Refund,
        refusals=(
            *_DECIDING,
            billing_refunds.SecondPersonNeeded,
            billing_refunds.BillPaymentPending,
            billing_refunds.BillUnderReview,
            billing_refunds.NothingToRefund,
            billing_refunds.RefundTooLarge,
            billing_refunds.NotRefundable,
            billing_refunds.InsufficientBalance,
            billing_refunds.NoSuchAccount,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/agreements",
        agreements.listing,
        summary=("预付卡协议的各个版本", "Versions of the prepayment agreement"),
        answer=kit.Page[agreements.PrepaymentAgreement],
        auth=OPERATOR,
    ),
    kit.post(
        "/agreements",
        agreements.publish,
        summary=("发布预付卡协议", "Publish a prepayment agreement"),
        description=(
            "发布后，每次充值都要同意这一版。同一版本号不能换成别的内容。",
            "From then on every top-up needs consent to this version. A version never changes its text.",
        ),
        status=201,
        answer=agreements.PrepaymentAgreement,
        refusals=(billing_agreements.VersionTaken,),
        auth=OPERATOR,
    ),
)
