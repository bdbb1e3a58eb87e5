"""Stores, recharge packages and top-ups."""

from billing import channels, package_rules, payments
from billing import packages as billing_packages
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
            billing_packages.NoSuchPackage,
            package_rules.NotForTier,
            package_rules.NotAtStore,
            package_rules.TooEarly,
            package_rules.TooLate,
            package_rules.FirstOnly,
            package_rules.LimitReached,
            package_rules.SoldOut,
            package_rules.Unfinished,
            billing_stores.NoSuchStore,
            billing_top_ups.PackageOrAmount,
            billing_top_ups.AmountOutOfRange,
            billing_top_ups.BalanceLimit,
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
