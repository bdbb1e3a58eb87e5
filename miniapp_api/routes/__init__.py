"""The table of contents of the mini-program's API: a file a topic."""

from core import http as kit
from miniapp_api.routes import (
    account,
    after_sales,
    booking,
    chatting,
    combining,
    complaining,
    giving,
    membership,
    messages,
    owing,
    planning,
    refunding,
    remitting,
    shopping,
    showing,
    signing_in,
    standing,
    topping_up,
)

API = kit.Api(
    title=("小程序接口", "Mini-program API"),
    version="1.0.0",
    prefix="/api/v1",
    description=(
        "顾客的小程序与 H5 使用的接口：登录、余额、充值、下单、账单、计划、消息。",
        "What the customer's mini-program and H5 use: sign-in, balance, top-ups, orders, bills, plans, messages.",
    ),
    routes=(
        *signing_in.ROUTES,
        *account.ROUTES,
        *membership.ROUTES,
        *chatting.ROUTES,
        *topping_up.ROUTES,
        *refunding.ROUTES,
        *showing.ROUTES,
        *remitting.ROUTES,
        *shopping.ROUTES,
        *after_sales.ROUTES,
        *owing.ROUTES,
        *planning.ROUTES,
        *standing.ROUTES,
        *booking.ROUTES,
        *combining.ROUTES,
        *giving.ROUTES,
        *messages.ROUTES,
        *complaining.ROUTES,
    ),
)
