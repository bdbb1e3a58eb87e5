"""Chats with the official account."""

from core import http as kit
from members import chat_codes, chat_ties, customers, sign_in, web_logins
from miniapp_api import chats, login
from miniapp_api.routes.caller import CUSTOMER

ROUTES = (
    kit.get(
        "/chats",
        chats.listing,
        summary=("我的公众号聊天", "The customer's chats with the official account"),
        answer=chats.Chats,
        auth=CUSTOMER,
    ),
    kit.post(
        "/chats/codes",
        chats.code,
        summary=("获取绑定码", "Get a code that ties a chat"),
        description=(
            "八位数字，十分钟内有效，只能用一次；再次获取后前一个作废。顾客在公众号里发送「绑定 」加绑定码。每小时最多五个。",
            "Eight digits, good once and for ten minutes; the next one replaces it. The customer sends it in the official account's chat "
            "after the word 绑定 or bind. At most five an hour.",
        ),
        status=201,
        answer=chats.ChatCode,
        refusals=(
            chat_codes.ChatCodesTooOften,
            chat_codes.ChatCodeRefused,
            customers.CustomerHasLeft,
            chat_codes.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.post(
        "/chats",
        chats.enter,
        summary=("输入公众号给的绑定码", "Enter the code that a chat was told"),
        description=(
            "未绑定的人在公众号发送「绑定」会得到一个绑定码。输错太多次要等一段时间；绑定后会通知顾客。",
            "Somebody unknown who sends 绑定 or bind in the chat is told a code. After too many wrong ones one has to wait; the customer is "
            "told of the binding.",
        ),
        status=201,
        answer=chats.Chats,
        refusals=(
            chat_codes.ChatCodeRefused,
            chat_codes.ChatCodeTriedTooOften,
            chat_codes.ChatTaken,
            chat_codes.TooManyChats,
            customers.CustomerHasLeft,
            chat_codes.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
        rate=kit.Rate(20, 60),
    ),
    kit.post(
        "/chats/visits",
        chats.begin,
        summary=("用网页授权绑定：开始", "Tie a chat by a visit to WeChat"),
        description=(
            "已登录的顾客在微信内打开的网页上使用；用法同 /login/visits。",
            "For a page inside WeChat whose customer is signed in already; used as /login/visits is.",
        ),
        status=201,
        answer=login.VisitBegun,
        refusals=(sign_in.OfficialAccountNotOpen, sign_in.PageNotOurs),
        auth=CUSTOMER,
    ),
    kit.post(
        "/chats/visits/back",
        chats.back,
        summary=("用网页授权绑定：回来", "The customer is back, and the chat is theirs"),
        answer=chats.Chats,
        refusals=(
            web_logins.WebLoginOver,
            sign_in.OfficialAccountNotOpen,
            sign_in.LoginCodeRefused,
            sign_in.PageIsPreview,
            sign_in.WeChatUnavailable,
            chat_ties.ChatTaken,
            chat_ties.TooManyChats,
            customers.CustomerHasLeft,
        ),
        auth=CUSTOMER,
    ),
    kit.post(
        "/chats/{chat_id}/unbind",
        chats.let_go,
        summary=("解绑一个聊天", "Untie a chat"),
        answer=chats.Chats,
        refusals=(chat_ties.NoSuchChat, chat_ties.KeyReused),
        auth=CUSTOMER,
        idempotent=True,
    ),
)
