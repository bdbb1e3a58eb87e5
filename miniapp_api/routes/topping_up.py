"""Recharge packages and top-ups."""

from billing import channels, payments
from billing import packages as billing_packages
from billing import statements as billing_statements
from billing import top_ups as billing_top_ups
from core import http as kit
from miniapp_api import (
    packages,
    top_ups,
)
from miniapp_api.routes.caller import CUSTOMER

ROUTES = (
    kit.get(
        "/packages",
        packages.offered,
        summary=("充值套餐", "Recharge packages"),
        answer=kit.Page[packages.Package],
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
            billing_top_ups.PackageOrAmount,
            billing_top_ups.AmountOutOfRange,
            billing_top_ups.BalanceLimit,
            billing_top_ups.PayerUnknown,
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
)
