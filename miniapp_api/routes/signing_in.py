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
    kit.post(
        "/login/alipay",
        login.by_auth_code,
        summary=("用 my.getAuthCode 的 authCode 登录", "Sign in by the code of my.getAuthCode"),
        description=(
            "支付宝小程序使用。同一个人在微信和支付宝里是两位顾客，可由门店合并。",
            "For the mini-program in Alipay. The same person in WeChat and in Alipay is two customers, whom the shop can merge.",
        ),
        answer=login.SignedIn,
        refusals=(
            sign_in.AuthCodeRefused,
            sign_in.AlipayUnavailable,
            sign_in.AlipayNotOpen,
            customers.CustomerBlocked,
            customers.AccountClosed,
        ),
        rate=kit.Rate(600, 60),
    ),
)
