"""Money sent to customers who confirm it."""

from admin_api import remittances
from admin_api.routes.caller import OPERATOR
from billing import remittances as billing_remittances
from core import http as kit

_SENDING = (
    billing_remittances.CannotRemit,
    billing_remittances.PayeeUnknown,
    billing_remittances.PayeeNameNeeded,
    billing_remittances.KeyReused,
)

ROUTES = (
    kit.post(
        "/refunds/{refund_no}/remittance",
        remittances.of_refund,
        summary=("把柜台应付的退款转给顾客", "Send to the customer what the counter would pay of a refund"),
        description=(
            "用于超过渠道一年期限的退款。顾客须在一天内于小程序确认；未确认或失败时，仍由柜台付。",
            "For refunds older than the channel's year. The customer confirms in the mini-program within a day; if not, or if it "
            "fails, the counter pays after all.",
        ),
        status=201,
        answer=remittances.Remittance,
        refusals=(
            billing_remittances.NoSuchRefund,
            billing_remittances.RefundStateForbids,
            *_SENDING,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/closings/{closing_no}/remittance",
        remittances.of_closing,
        summary=("把销户的本金转给顾客", "Send the principal of a closing to its customer"),
        description=(
            "先在账户上冻结，到账后记为已退还；未确认或失败时解冻。",
            "Held on the account first and booked when it arrives; let go if the customer does not confirm, or it fails.",
        ),
        status=201,
        answer=remittances.Remittance,
        refusals=(
            billing_remittances.NoSuchClosing,
            billing_remittances.NothingToPayOut,
            billing_remittances.RemittanceUnderWay,
            *_SENDING,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/remittances",
        remittances.listing,
        summary=("全部商家转账", "All transfers to customers"),
        answer=kit.Page[remittances.Remittance],
        auth=OPERATOR,
    ),
    kit.get(
        "/remittances/{remittance_no}",
        remittances.one,
        summary=("一笔商家转账", "One transfer to a customer"),
        answer=remittances.Remittance,
        refusals=(billing_remittances.NoSuchRemittance,),
        auth=OPERATOR,
    ),
    kit.post(
        "/remittances/{remittance_no}/cancel",
        remittances.cancel,
        summary=("撤销一笔商家转账", "Stop a transfer to a customer"),
        description=(
            "顾客确认之前可以撤销；是否撤销成功以渠道的答复为准。",
            "Possible until the customer confirms; whether it stopped is the channel's word.",
        ),
        answer=remittances.Remittance,
        refusals=(
            billing_remittances.NoSuchRemittance,
            billing_remittances.RemittanceEnded,
            billing_remittances.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
)
