"""Money the shop sends to its customers."""

from billing import remittances_shown
from core import http as kit
from miniapp_api import remittances
from miniapp_api.routes.caller import CUSTOMER

ROUTES = (
    kit.get(
        "/remittances",
        remittances.listing,
        summary=("门店转给我的钱", "Money the shop sends to the customer"),
        answer=kit.Page[remittances.Remittance],
        auth=CUSTOMER,
    ),
    kit.post(
        "/remittances/waiting",
        remittances.waiting,
        summary=(
            "凭 wx.login 的 code 查看待确认的转账",
            "What waits to be confirmed, by the code of wx.login",
        ),
        description=(
            "不用登录：正在销户的顾客登录不了，但要确认退还的本金。",
            "Without signing in: who is closing an account cannot sign in, and has to confirm what is paid back.",
        ),
        answer=remittances.Remittances,
        refusals=(remittances_shown.LoginCodeRefused, remittances_shown.WeChatUnavailable),
        rate=kit.Rate(600, 60),  # many customers of one carrier share an address
    ),
)
