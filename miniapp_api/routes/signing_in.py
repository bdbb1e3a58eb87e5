"""Signing in."""

from core import http as kit
from members import customers, sign_in, web_logins
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
        "/login/visits",
        login.begin,
        summary=("微信内网页授权：开始", "A page's visitor is sent to WeChat"),
        description=(
            "state 由服务端生成，只能用一次，十分钟内有效；proof 只留在这个浏览器里，回来时一起提交，别人的链接因此没有用。"
            "userinfo 会请顾客同意，并能凭 unionid 认出小程序里的同一位顾客。",
            "The state is ours, good once and for ten minutes; the proof stays in this browser and is handed in on coming back, so that an "
            "address prepared by somebody else is worth nothing. `userinfo` asks the person, and recognises them by unionid.",
        ),
        status=201,
        answer=login.VisitBegun,
        refusals=(sign_in.OfficialAccountNotOpen, sign_in.PageNotOurs),
        rate=kit.Rate(600, 60),
    ),
    kit.post(
        "/login/visits/back",
        login.back,
        summary=("微信内网页授权：回来登录", "A visitor who is back signs in"),
        answer=login.SignedIn,
        refusals=(
            web_logins.WebLoginOver,
            sign_in.OfficialAccountNotOpen,
            sign_in.LoginCodeRefused,
            sign_in.PageIsPreview,
            sign_in.WeChatUnavailable,
            customers.CustomerBlocked,
            customers.AccountClosed,
        ),
        rate=kit.Rate(600, 60),
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
