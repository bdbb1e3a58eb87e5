"""Money: payments at channels, what was set aside."""

from admin_api import (
    combined_payments,
    notices,
    payments,
    quarantine,
)
from admin_api.routes.caller import OPERATOR
from billing import channels, combined, inbox_replays, quarantine_desk
from billing import payments as billing_payments
from core import http as kit

_QUARANTINE = (
    quarantine_desk.NoSuchQuarantine,
    quarantine_desk.QuarantineStateForbids,
    quarantine_desk.KeyReused,
)

ROUTES = (
    kit.get(
        "/payments",
        payments.listing,
        summary=("渠道支付单", "Payments at the channels"),
        answer=kit.Page[payments.Payment],
        auth=OPERATOR,
    ),
    kit.get(
        "/payments/{payment_no}",
        payments.one,
        summary=("一笔渠道支付", "One payment at a channel"),
        answer=payments.PaymentRecord,
        refusals=(billing_payments.NoSuchPayment,),
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
    kit.get(
        "/quarantine/{quarantine_id}",
        quarantine.one,
        summary=("一笔待核对的款项", "One sum to be looked at"),
        answer=quarantine.Quarantined,
        refusals=(quarantine_desk.NoSuchQuarantine,),
        auth=OPERATOR,
    ),
    kit.post(
        "/quarantine/{quarantine_id}/credit",
        quarantine.credit,
        summary=("记入顾客余额", "Credit it to a customer"),
        description=(
            "作为本金入账并通知顾客；等待这笔款的账单随之放开。超过复核限额的先等待复核。",
            "As principal, and the customer is told; a bill that waited for the payment is free again. Above the shop's limit a "
            "second person decides first.",
        ),
        answer=quarantine.QuarantineOutcome,
        refusals=(
            *_QUARANTINE,
            quarantine_desk.NothingCameIn,
            quarantine_desk.NoSuchCustomer,
            quarantine_desk.NoSuchAccount,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/quarantine/{quarantine_id}/send-back",
        quarantine.send_back,
        summary=("原路退回", "Send it back through its channel"),
        description=(
            "单号固定，渠道没有答复时由定时任务继续询问；渠道卡住（stuck）的再次调用即用原单号重试。",
            "Under a fixed number; without an answer the clock goes on asking. What the channel is stuck with is tried again "
            "under the same number.",
        ),
        answer=quarantine.QuarantineOutcome,
        refusals=(*_QUARANTINE, quarantine_desk.NothingCameIn, quarantine_desk.NotToBeSentBack),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/quarantine/{quarantine_id}/pay-out",
        quarantine.pay_out,
        summary=("柜台付出", "Pay it out at the counter"),
        answer=quarantine.QuarantineOutcome,
        refusals=(*_QUARANTINE, quarantine_desk.NothingCameIn),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/quarantine/{quarantine_id}/close",
        quarantine.close,
        summary=("核对完毕，结案", "Close it"),
        description=(
            "款项已在渠道后台退回，或本来没有新的款项到账。",
            "The money went back in the channel's own console, or no new money had come in.",
        ),
        answer=quarantine.QuarantineOutcome,
        refusals=_QUARANTINE,
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/notices",
        notices.listing,
        summary=("渠道通知", "Notifications of the channels"),
        answer=kit.Page[notices.Notice],
        auth=OPERATOR,
    ),
    kit.get(
        "/notices/refusals",
        notices.refusals,
        summary=("未通过验签的通知数", "How many notifications were refused"),
        answer=kit.Page[notices.Refusals],
        auth=OPERATOR,
    ),
    kit.post(
        "/notices/replay-failed",
        notices.replay_failed,
        summary=("重放全部未处理的通知", "Hand in again what was not handled"),
        answer=notices.Handed,
        auth=OPERATOR,
        rate=kit.Rate(6, 60),
    ),
    kit.get(
        "/notices/{notice_id}",
        notices.one,
        summary=("一条通知的原文", "One notification as it came"),
        answer=notices.WholeNotice,
        refusals=(inbox_replays.NoSuchNotice,),
        auth=OPERATOR,
    ),
    kit.post(
        "/notices/{notice_id}/replay",
        notices.replay,
        summary=("重放一条通知", "Hand a notification in again"),
        description=(
            "再处理一次，留下记录；已入账的不会再入账。未通过验签的按收到的时间重新验签。",
            "Acted on once more, and written down; what was credited is not credited again. One that was refused is verified "
            "anew, as of the time it came.",
        ),
        answer=notices.WholeNotice,
        refusals=(inbox_replays.NoSuchNotice, inbox_replays.ChannelNotOpen),
        auth=OPERATOR,
    ),
)
