"""Signing in and out, and what one signs in with."""

from admin_api import operators, second_factors
from admin_api.routes.caller import OPERATOR
from core import http as kit
from members import operator_sign_in
from members import second_factors as desk

ROUTES = (
    kit.post(
        "/login",
        operators.sign_in,
        summary=("员工登录", "Sign in"),
        description=(
            "没有设第二步验证的直接得到 token；设了的得到 second_factor，五分钟内从同一网络送到 /login/second-factor。",
            "Who has no second factor gets a token; who has one gets second_factor, to be brought to /login/second-factor within five minutes "
            "and from the same network.",
        ),
        answer=operators.FirstStep,
        refusals=(operator_sign_in.WrongLogin, operator_sign_in.SignInRests, operator_sign_in.SignInOver),
        rate=kit.Rate(30, 60),
    ),
    kit.post(
        "/login/second-factor",
        operators.second_factor,
        summary=("登录的第二步", "The second step of signing in"),
        answer=operators.SignedIn,
        refusals=(
            operator_sign_in.SignInOver,
            operator_sign_in.WrongSecondFactor,
            operator_sign_in.SignInRests,
        ),
        rate=kit.Rate(30, 60),
    ),
    kit.post("/logout", operators.sign_out, summary=("退出登录", "Sign out"), auth=OPERATOR),
    kit.get(
        "/me/sign-in",
        second_factors.mine,
        summary=("我怎样登录", "What I sign in with"),
        answer=second_factors.Mine,
        auth=OPERATOR,
    ),
    kit.post(
        "/me/step-up",
        second_factors.show_again,
        summary=("再次验证身份", "Show again who I am"),
        description=(
            "有第二步验证的给 one_time_code，没有的给 password。会话换新 token，旧的立即失效；之后一段时间内不再询问。",
            "Who has a second factor sends one_time_code, who has none the password. The session gets another token, the old one is good no "
            "more; for a while nothing asks again.",
        ),
        answer=operators.SignedIn,
        refusals=(
            operator_sign_in.OtherProofNeeded,
            operator_sign_in.WrongLogin,
            operator_sign_in.WrongSecondFactor,
            operator_sign_in.SignInRests,
            operator_sign_in.SessionOver,
        ),
        auth=OPERATOR,
        rate=kit.Rate(30, 60),
    ),
    kit.post(
        "/me/totp",
        second_factors.begin_totp,
        summary=("添加验证器", "Add an authenticator app"),
        description=(
            "密钥只显示这一次；送来一个验证码确认之后才生效。",
            "The secret is shown once, and is of force once a code of it was sent.",
        ),
        answer=second_factors.NewTotp,
        refusals=(desk.TotpInUse,),
        auth=OPERATOR,
    ),
    kit.post(
        "/me/totp/confirm",
        second_factors.confirm_totp,
        summary=("确认验证器", "Confirm the app"),
        answer=second_factors.RecoveryCodes,
        refusals=(desk.NoSuchSecondFactor, desk.WrongOneTimeCode),
        auth=OPERATOR,
        rate=kit.Rate(10, 60),
    ),
    kit.delete(
        "/me/totp",
        second_factors.remove_totp,
        summary=("移除验证器", "Remove the app"),
        refusals=(desk.NoSuchSecondFactor, desk.LastSecondFactor),
        auth=OPERATOR,
    ),
    kit.post(
        "/me/recovery-codes",
        second_factors.new_recovery_codes,
        summary=("换一组恢复码", "New recovery codes"),
        answer=second_factors.RecoveryCodes,
        refusals=(desk.NoSuchSecondFactor,),
        auth=OPERATOR,
        rate=kit.Rate(10, 60),
    ),
)
