"""Who works for the shop."""

from admin_api import staff
from admin_api.routes.caller import OPERATOR
from core import http as kit
from members import operator_sessions, operator_sign_in, single_sign_on
from members import staff as desk

PASSWORD = (desk.PasswordTooShort, desk.PasswordTooEasy, desk.PasswordNamesOperator)

ROUTES = (
    kit.get("/me", staff.me, summary=("我是谁", "Who I am"), answer=staff.Me, auth=OPERATOR),
    kit.put(
        "/me/password",
        staff.my_password,
        summary=("改自己的密码", "A new password of one's own"),
        description=("其余会话全部下线。", "All other sessions end."),
        refusals=(*PASSWORD, operator_sign_in.WrongLogin, operator_sign_in.SignInRests),
        auth=OPERATOR,
        rate=kit.Rate(10, 60),
    ),
    kit.get(
        "/me/sessions",
        staff.my_sessions,
        summary=("我的会话", "Where I am signed in"),
        answer=kit.Page[staff.MySession],
        auth=OPERATOR,
    ),
    kit.delete(
        "/me/sessions/{session_id}",
        staff.end_my_session,
        summary=("下线我的一个会话", "End one of my sessions"),
        refusals=(operator_sessions.NoSuchSession,),
        auth=OPERATOR,
    ),
    kit.post(
        "/me/sessions/end-others",
        staff.end_my_other_sessions,
        summary=("下线我的其他会话", "End all my other sessions"),
        auth=OPERATOR,
    ),
    kit.get(
        "/operators",
        staff.listing,
        summary=("操作员", "Operators"),
        answer=kit.Page[staff.Member],
        auth=OPERATOR,
    ),
    kit.post(
        "/operators",
        staff.add,
        summary=("新增操作员", "Add an operator"),
        status=201,
        answer=staff.Member,
        refusals=(
            desk.LoginTaken,
            *PASSWORD,
            desk.NoSuchPostStore,
            desk.NoSuchPostRole,
            desk.BeyondYourDuties,
            desk.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/operators/{operator_id}",
        staff.one,
        summary=("一名操作员", "One operator"),
        answer=staff.Member,
        refusals=(desk.NoSuchOperator,),
        auth=OPERATOR,
    ),
    kit.put(
        "/operators/{operator_id}/posts",
        staff.post,
        summary=("设定岗位", "Give posts"),
        description=(
            "岗位是全店或某一门店的角色；按所列整体替换，下一次请求起生效。至少要留一名店主；谁也不能授予自己没有的职责、门店或限额。",
            "A post is a role in the whole shop or in one store. What is listed replaces all; it holds from the next request on. "
            "An owner must remain, and nobody gives duties, stores or amounts that they have not got.",
        ),
        answer=staff.Member,
        refusals=(
            desk.NoSuchOperator,
            desk.NoSuchPostStore,
            desk.NoSuchPostRole,
            desk.LastOwner,
            desk.BeyondYourDuties,
        ),
        auth=OPERATOR,
    ),
    kit.put(
        "/operators/{operator_id}/password",
        staff.password,
        summary=("重设密码", "Set a password"),
        refusals=(desk.NoSuchOperator, *PASSWORD, desk.BeyondYourDuties),
        auth=OPERATOR,
    ),
    kit.post(
        "/operators/{operator_id}/disable",
        staff.disable,
        summary=("停用", "Let somebody go"),
        answer=staff.Member,
        refusals=(desk.NoSuchOperator, desk.LastOwner, desk.BeyondYourDuties),
        auth=OPERATOR,
    ),
    kit.post(
        "/operators/{operator_id}/enable",
        staff.enable,
        summary=("重新启用", "Let somebody in again"),
        answer=staff.Member,
        refusals=(desk.NoSuchOperator, desk.BeyondYourDuties),
        auth=OPERATOR,
    ),
    kit.get(
        "/operators/{operator_id}/sessions",
        staff.sessions,
        summary=("登录中的会话", "Open sessions"),
        answer=kit.Page[staff.OpenSession],
        refusals=(desk.NoSuchOperator,),
        auth=OPERATOR,
    ),
    kit.post(
        "/operators/{operator_id}/sign-out",
        staff.sign_out,
        summary=("全部下线", "End all sessions"),
        refusals=(desk.NoSuchOperator, desk.BeyondYourDuties),
        auth=OPERATOR,
    ),
    kit.put(
        "/operators/{operator_id}/email",
        staff.set_email,
        summary=("单点登录的邮箱", "E-mail address for single sign-on"),
        description=(
            "身份提供方核实过、与此相同的邮箱，第一次单点登录时与这名操作员关联，之后只认那个账号。",
            "Whose verified address at the identity provider is this one is linked with the operator when they first sign in there; from then on "
            "only that account counts.",
        ),
        answer=staff.Member,
        refusals=(desk.NoSuchOperator, single_sign_on.EmailTaken, desk.BeyondYourDuties),
        auth=OPERATOR,
    ),
    kit.delete(
        "/operators/{operator_id}/sessions/{session_id}",
        staff.end_session,
        summary=("下线一个会话", "End one session"),
        refusals=(desk.NoSuchOperator, operator_sessions.NoSuchSession, desk.BeyondYourDuties),
        auth=OPERATOR,
    ),
    kit.post(
        "/operators/{operator_id}/second-factor/reset",
        staff.reset_second_factor,
        summary=("重置第二步验证", "Take a lost second factor away"),
        description=(
            "手机丢失时用：验证器、恢复码、通行密钥全部失效，会话全部下线；之后凭密码登录，重新设置。",
            "For a lost phone: app, recovery codes and passkeys are good no more and all sessions end; after that the password is enough, "
            "until they set one up again.",
        ),
        refusals=(desk.NoSuchOperator, desk.BeyondYourDuties),
        auth=OPERATOR,
    ),
    kit.get(
        "/sign-in-attempts",
        staff.attempts,
        summary=("登录记录", "Who tried to sign in"),
        description=(
            "成功与失败都记，保存 180 天；不存在的登录名不记其内容。",
            "Those that succeeded and those that failed, for 180 days; a login that nobody has is not kept.",
        ),
        answer=kit.Page[staff.Attempt],
        auth=OPERATOR,
    ),
)
