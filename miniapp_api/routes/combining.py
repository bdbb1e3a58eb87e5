"""Paying through a channel, with a share of the balance or without."""

from billing import bills as billing_bills
from billing import channels, combined, payments
from core import http as kit
from miniapp_api import combined_payments
from miniapp_api.routes.caller import CUSTOMER
from shop import orders as shop_orders

_STARTING = (
    combined.BillPaymentPending,
    billing_bills.BillUnderReview,
    combined.NothingForChannel,
    combined.AmountAboveOwed,
    combined.PaidInFullOnly,
    combined.ShareNeedsReview,
    combined.InsufficientBalance,
    combined.PayerUnknown,
    combined.MethodNotHere,
    combined.ReturnAddressNotOurs,
    combined.KeyReused,
    channels.NoSuchChannel,
    payments.ChannelUnavailable,
    payments.ChannelDeclined,
)
_DESCRIPTION = (
    "余额部分先冻结，其余通过渠道支付：渠道确认到账时一并扣款，未支付则一并解冻。进行期间不能用别的方式支付或取消。"
    "网络失败后用同一个 Idempotency-Key 重试，得到同一笔支付。",
    "The balance's share is held and the rest paid through the channel: both are taken when the channel has its money, or both "
    "let go. Nothing else pays or cancels it meanwhile. Retrying with the same Idempotency-Key gives the same payment.",
)

ROUTES = (
    kit.post(
        "/orders/{order_no}/combined-payments",
        combined_payments.start_for_order,
        summary=("用余额加渠道支付订单", "Pay an order from the balance and through a channel"),
        description=_DESCRIPTION,
        status=201,
        answer=combined_payments.CombinedPayment,
        refusals=(shop_orders.NoSuchOrder, shop_orders.OrderStateForbids, combined.BillNotOwed, *_STARTING),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.post(
        "/bills/{bill_no}/combined-payments",
        combined_payments.start_for_bill,
        summary=("用余额加渠道支付账单", "Pay a bill from the balance and through a channel"),
        description=_DESCRIPTION,
        status=201,
        answer=combined_payments.CombinedPayment,
        refusals=(billing_bills.NoSuchBill, combined.BillNotOwed, *_STARTING),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.get(
        "/combined-payments",
        combined_payments.listing,
        summary=("组合支付记录", "Combined payments"),
        answer=kit.Page[combined_payments.CombinedPayment],
        auth=CUSTOMER,
    ),
    kit.get(
        "/combined-payments/{combined_no}",
        combined_payments.one,
        summary=("一笔组合支付", "One combined payment"),
        answer=combined_payments.CombinedPayment,
        refusals=(combined.NoSuchCombinedPayment,),
        auth=CUSTOMER,
    ),
    kit.post(
        "/combined-payments/{combined_no}/check",
        combined_payments.check,
        summary=("向渠道查询支付结果", "Ask the channel how it stands"),
        answer=combined_payments.CombinedPayment,
        refusals=(
            combined.NoSuchCombinedPayment,
            payments.NoSuchPayment,
            payments.ChannelUnavailable,
            channels.NoSuchChannel,
        ),
        auth=CUSTOMER,
        rate=kit.Rate(30, 60),
    ),
    kit.post(
        "/combined-payments/{combined_no}/cancel",
        combined_payments.cancel,
        summary=("取消组合支付", "Cancel a combined payment"),
        description=(
            "先在渠道关单，再解冻余额；如果渠道说已经付了，就是已付。可重复。",
            "It is closed at the channel first, then the hold is released; if the channel says it was paid, it is. May be repeated.",
        ),
        answer=combined_payments.CombinedPayment,
        refusals=(
            combined.NoSuchCombinedPayment,
            combined.PaymentUnderReview,
            payments.NoSuchPayment,
            payments.ChannelUnavailable,
            channels.NoSuchChannel,
        ),
        auth=CUSTOMER,
        rate=kit.Rate(30, 60),
    ),
)
