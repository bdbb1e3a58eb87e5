"""Stores, recharge packages and top-ups."""

from billing import channels, package_rules, payments, top_up_attempts
from billing import statements as billing_statements
from billing import stores as billing_stores
from billing import top_ups as billing_top_ups
from core import http as kit
from miniapp_api import (
    packages,
    payment_methods,
    stores,
    top_ups,
)
from miniapp_api.routes.caller import CUSTOMER

ROUTES = (
    kit.get(
        "/stores",
        stores.listing,
        summary=("门店", "Stores"),
        answer=kit.Page[stores.Store],
        auth=CUSTOMER,
    ),
    kit.get(
        "/packages",
        packages.offered,
        summary=("充值套餐", "Recharge packages"),
        description=(
            "顾客可以购买的套餐；暂时不能购买的，在 refusal 里说明原因。",
            "The packages the customer may buy; where one cannot be bought now, `refusal` says why.",
        ),
        answer=kit.Page[packages.Package],
        refusals=(billing_stores.NoSuchStore, billing_statements.NoSuchAccount),
        auth=CUSTOMER,
    ),
    kit.get(
        "/payment-methods",
        payment_methods.offered,
        summary=("可用的支付方式", "Ways of paying"),
        description=(
            "客户端说明自己是什么，得到在那里能用的渠道与方式，以及拿到支付参数后该做什么。没有开通的渠道不在其中。",
            "The client says what it is and gets the channels and methods that can work there, and what to do with what the payment "
            "then gives it. Channels that are not open are left out.",
        ),
        answer=kit.Page[payment_methods.PaymentMethod],
        auth=CUSTOMER,
    ),
    kit.post(
        "/top-ups",
        top_ups.start,
        summary=("充值", "Top up"),
        description=(
            "创建充值单并向渠道预下单。网络失败后用同一个 Idempotency-Key 重试，得到同一张充值单。",
            "Makes a top-up and opens its payment. Retrying with the same Idempotency-Key gives the same top-up.",
        ),
        status=201,
        answer=top_ups.TopUp,
        refusals=(
            *package_rules.REFUSALS,
            billing_top_ups.PackageOrAmount,
            billing_top_ups.AmountOutOfRange,
            billing_top_ups.PayerUnknown,
            billing_top_ups.MethodNotHere,
            billing_top_ups.ReturnAddressNotOurs,
            billing_top_ups.AgreementRequired,
            billing_top_ups.AgreementOutdated,
            billing_top_ups.KeyReused,
            channels.NoSuchChannel,
            payments.ChannelUnavailable,
            payments.ChannelDeclined,
            billing_statements.NoSuchAccount,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.get(
        "/top-ups",
        top_ups.listing,
        summary=("充值记录", "Top-ups"),
        answer=kit.Page[top_ups.TopUp],
        auth=CUSTOMER,
    ),
    kit.get(
        "/top-ups/{top_up_no}",
        top_ups.one,
        summary=("一笔充值", "One top-up"),
        answer=top_ups.TopUp,
        refusals=(billing_top_ups.NoSuchTopUp,),
        auth=CUSTOMER,
    ),
    kit.post(
        "/top-ups/{top_up_no}/pay",
        top_ups.pay,
        summary=("换一种方式支付这张充值单", "Pay a top-up another way"),
        description=(
            "换渠道、换场景，或支付参数已失效时，在同一张充值单上重新取得支付参数：套餐名额与条款不变。先前的支付在其渠道关闭；若其实已支付，则照常入账，"
            "答复即为 credited。用与当前相同的方式则继续当前支付。若两笔都付了，先到的入账，后到的转入待处理款项，由门店退回或入账。",
            "For another channel, another place, or parameters that work no more: the same top-up, with its terms and its place under the "
            "limits, gets another attempt. The one before is closed at its channel; if it turns out to be paid it is credited, and the "
            "answer says so. The way it is being paid already is continued. Should both be paid, the first pays the top-up and the second "
            "is set aside, to be sent back or credited by the shop.",
        ),
        answer=top_ups.TopUp,
        refusals=(
            billing_top_ups.NoSuchTopUp,
            top_up_attempts.TopUpEnded,
            top_up_attempts.TopUpUnderReview,
            top_up_attempts.TooManyAttempts,
            billing_top_ups.PayerUnknown,
            billing_top_ups.MethodNotHere,
            billing_top_ups.ReturnAddressNotOurs,
            billing_top_ups.KeyReused,
            channels.NoSuchChannel,
            payments.ChannelUnavailable,
            payments.ChannelDeclined,
        ),
        auth=CUSTOMER,
        idempotent=True,
        rate=kit.Rate(30, 60),
    ),
    kit.get(
        "/top-ups/{top_up_no}/attempts",
        top_ups.tried,
        summary=("一笔充值的各次支付", "The attempts to pay a top-up"),
        answer=kit.Page[top_ups.Attempt],
        refusals=(billing_top_ups.NoSuchTopUp,),
        auth=CUSTOMER,
    ),
    kit.post(
        "/top-ups/{top_up_no}/check",
        top_ups.check,
        summary=("向渠道查询充值结果", "Ask the channel how a top-up stands"),
        answer=top_ups.TopUp,
        refusals=(
            billing_top_ups.NoSuchTopUp,
            payments.NoSuchPayment,
            payments.ChannelUnavailable,
            channels.NoSuchChannel,
        ),
        auth=CUSTOMER,
        rate=kit.Rate(30, 60),
    ),
    kit.post(
        "/top-ups/{top_up_no}/cancel",
        top_ups.cancel,
        summary=("取消未支付的充值", "Give up a top-up that is not paid"),
        description=(
            "先在渠道关单，再在本店关闭；若款项此时已到，则照常入账。渠道无法关单时，保持 pending 直至过期。",
            "Closed at the channel, then here; money that came meanwhile is credited. Where the channel cannot close it, it "
            "stays pending until its time is over.",
        ),
        answer=top_ups.TopUp,
        refusals=(
            billing_top_ups.NoSuchTopUp,
            payments.NoSuchPayment,
            payments.ChannelUnavailable,
            channels.NoSuchChannel,
        ),
        auth=CUSTOMER,
        rate=kit.Rate(30, 60),
    ),
)
