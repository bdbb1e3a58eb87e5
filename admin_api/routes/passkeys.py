"""Operators' passkeys."""

from admin_api import operators, passkeys
from admin_api.routes.caller import OPERATOR
from core import http as kit
from members import operator_sign_in, second_factors
from members import passkeys as desk

ROUTES = (
    kit.post(
        "/login/passkey",
        passkeys.ask,
        summary=("用通行密钥登录", "Sign in by a passkey"),
        description=(
            "通行密钥自带用户验证（指纹、PIN），可以代替密码，也可以作第二步。",
            "A passkey asks for its user (fingerprint, PIN): it stands for the password, or is the second step.",
        ),
        answer=passkeys.PasskeyAsked,
        refusals=(operator_sign_in.SignInOver,),
        rate=kit.Rate(30, 60),
    ),
    kit.post(
        "/login/passkey/answer",
        passkeys.sign_in,
        summary=("通行密钥的应答", "The passkey's answer"),
        answer=operators.SignedIn,
        refusals=(operator_sign_in.SignInOver, desk.WrongPasskey),
        rate=kit.Rate(30, 60),
    ),
    kit.post(
        "/me/step-up/passkey",
        passkeys.ask_again,
        summary=("用通行密钥再次验证", "Show again who I am, by a passkey"),
        answer=passkeys.PasskeyAsked,
        auth=OPERATOR,
        rate=kit.Rate(30, 60),
    ),
    kit.post(
        "/me/step-up/passkey/answer",
        passkeys.show_again,
        summary=("再次验证的应答", "The passkey's answer, again"),
        answer=operators.SignedIn,
        refusals=(operator_sign_in.SignInOver, operator_sign_in.SessionOver, desk.WrongPasskey),
        auth=OPERATOR,
        rate=kit.Rate(30, 60),
    ),
    kit.get(
        "/me/passkeys",
        passkeys.mine,
        summary=("我的通行密钥", "My passkeys"),
        answer=kit.Page[passkeys.Passkey],
        auth=OPERATOR,
    ),
    kit.post(
        "/me/passkeys",
        passkeys.begin,
        summary=("新建通行密钥", "Make a passkey"),
        answer=passkeys.PasskeyAsked,
        refusals=(desk.TooManyPasskeys,),
        auth=OPERATOR,
    ),
    kit.post(
        "/me/passkeys/confirm",
        passkeys.add,
        summary=("保存通行密钥", "Keep the passkey"),
        answer=passkeys.PasskeyAdded,
        refusals=(operator_sign_in.SignInOver, desk.PasskeyRefused, desk.PasskeyTaken, desk.TooManyPasskeys),
        auth=OPERATOR,
    ),
    kit.patch(
        "/me/passkeys/{passkey_id}",
        passkeys.rename,
        summary=("给通行密钥改名", "Rename a passkey"),
        refusals=(desk.NoSuchPasskey,),
        auth=OPERATOR,
    ),
    kit.delete(
        "/me/passkeys/{passkey_id}",
        passkeys.remove,
        summary=("移除通行密钥", "Remove a passkey"),
        refusals=(desk.NoSuchPasskey, second_factors.LastSecondFactor),
        auth=OPERATOR,
    ),
)
