"""Signing in and out."""

from admin_api import (
    operators,
)
from admin_api.routes.caller import OPERATOR
from core import http as kit
from members import operators as members_operators

ROUTES = (
    kit.post(
        "/login",
        operators.sign_in,
        summary=("员工登录", "Sign in"),
        answer=operators.SignedIn,
        refusals=(members_operators.WrongLogin,),
        rate=kit.Rate(10, 60),
    ),
    kit.post("/logout", operators.sign_out, summary=("退出登录", "Sign out"), auth=OPERATOR),
)
