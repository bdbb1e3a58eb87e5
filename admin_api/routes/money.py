"""Money: payments at channels, what was set aside."""

from admin_api import (
    combined_payments,
    payments,
    quarantine,
)
from admin_api.routes.caller import OPERATOR
from billing import channels, combined
from billing import payments as billing_payments
from core import http as kit

ROUTES = (
    kit.get(
        "/payments",
        payments.listing,
        summary=("渠道支付单", "Payments at the channels"),
        answer=kit.Page[payments.Payment],
        auth=OPERATOR,
    ),
    kit.post(
        "/payments/{payment_no}/ask",
        payments.ask,
        summary=("向渠道查询", "Ask the channel"),
        answer=payments.Asked,
        refusals=(
            billing_payments.NoSuchPayment,
            billing_payments.ChannelUnavailable,
            channels.NoSuchChannel,
        ),
        auth=OPERATOR,
    ),
    kit.get(
        "/combined-payments",
        combined_payments.listing,
        summary=("组合支付", "Combined payments"),
        answer=kit.Page[combined_payments.CombinedPayment],
        auth=OPERATOR,
    ),
    kit.post(
        "/combined-payments/{combined_no}/let-go",
        combined_payments.let_go,
        summary=("款项核对完毕，结束组合支付", "End a combined payment whose money was looked at"),
        description=(
            "只用于款项待核对的组合支付：解冻余额，账单可以用别的方式支付。渠道里的款项请另行退回或入账。",
            "Only where the money is under review: the hold is released and the bill may be paid otherwise. The money at the "
            "channel is refunded there or put on the balance by an adjustment.",
        ),
        answer=combined_payments.CombinedPayment,
        refusals=(combined.NoSuchCombinedPayment, combined.NotUnderReview),
        auth=OPERATOR,
    ),
    kit.get(
        "/quarantine",
        quarantine.listing,
        summary=("待核对的款项", "Money to be looked at"),
        answer=kit.Page[quarantine.Quarantined],
        auth=OPERATOR,
    ),
)
