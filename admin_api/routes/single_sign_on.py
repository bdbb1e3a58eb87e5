"""Operators at the shop's identity provider."""

from admin_api import operators, single_sign_on
from admin_api.routes.caller import OPERATOR
from core import http as kit
from members import operator_sign_in
from members import single_sign_on as desk

ROUTES = (
    kit.post(
        "/login/single-sign-on",
        single_sign_on.begin,
        summary=("单点登录", "Sign in at the identity provider"),
        description=(
            "浏览器去 url，回到控制台后把地址里的 state 和 code，连同自己留着的 proof，送到 /login/single-sign-on/back，五分钟内、一次有效。",
            "The browser goes to the url; once it is back at the console, state and code of the address go to /login/single-sign-on/back with "
            "the proof that was kept: within five minutes, once.",
        ),
        answer=single_sign_on.WayThere,
        refusals=(desk.SingleSignOnClosed, desk.IdentityProviderAway),
        rate=kit.Rate(30, 60),
    ),
    kit.post(
        "/login/single-sign-on/back",
        single_sign_on.sign_in,
        summary=("单点登录回来", "Back from the identity provider"),
        answer=operators.FirstStep,
        refusals=(
            operator_sign_in.SignInOver,
            desk.SingleSignOnClosed,
            desk.IdentityProviderAway,
            desk.SingleSignOnRefused,
            desk.NotLinked,
        ),
        rate=kit.Rate(30, 60),
    ),
    kit.post(
        "/me/single-sign-on",
        single_sign_on.begin_link,
        summary=("关联单点登录账号", "Link my account at the identity provider"),
        answer=single_sign_on.WayThere,
        refusals=(desk.SingleSignOnClosed, desk.IdentityProviderAway),
        auth=OPERATOR,
        rate=kit.Rate(30, 60),
    ),
    kit.post(
        "/me/single-sign-on/back",
        single_sign_on.link,
        summary=("关联回来", "Back to be linked"),
        refusals=(
            operator_sign_in.SignInOver,
            desk.SingleSignOnClosed,
            desk.IdentityProviderAway,
            desk.SingleSignOnRefused,
            desk.AlreadyLinked,
        ),
        auth=OPERATOR,
    ),
    kit.delete(
        "/me/single-sign-on",
        single_sign_on.unlink,
        summary=("解除单点登录关联", "Unlink it"),
        auth=OPERATOR,
    ),
)
