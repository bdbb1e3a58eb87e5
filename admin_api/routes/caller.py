"""Who may call: what a request shows to be let in."""

from core import http as kit

OPERATOR = kit.Bearer("operator", ("登录接口返回的令牌", "The token that signing in gave"))
