"""Who may call: what a request shows to be let in."""

from dataclasses import replace

from core import http as kit
from members import customers, sign_in

CUSTOMER = kit.Bearer(
    "customer",
    ("登录接口返回的令牌", "The token that signing in gave"),
    format="JWT",
    refusals=(sign_in.CustomerGone, sign_in.ChatLetGo, customers.CustomerBlocked, customers.AccountClosed),
)

HOLDER = replace(CUSTOMER, by_desk=True)
"""The same token and the same refusals, where the desk asks in its own statement whether the customer may come in."""
