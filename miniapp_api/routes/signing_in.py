"""Signing in."""

from core import http as kit
from members import customers, sign_in
from miniapp_api import (
    login,
)

ROUTES = (
    kit.post(
        "/login",
        login.by_code,
        summary=("用 wx.login 的 code 登录", "Sign in by the code of wx.login"),
        answer=login.SignedIn,
        refusals=(
            sign_in.LoginCodeRefused,
            sign_in.WeChatUnavailable,
            customers.CustomerBlocked,
            customers.AccountClosed,
        ),
        rate=kit.Rate(600, 60),  # many customers of one carrier share an address
    ),
)
