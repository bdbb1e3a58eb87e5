"""Whose chats are whose."""

from admin_api import chats
from admin_api.routes.caller import OPERATOR
from core import http as kit
from members import chat_ties, customers

ROUTES = (
    kit.get(
        "/customers/{customer_id}/chats",
        chats.of_customer,
        summary=("顾客的公众号聊天", "A customer's chats with the official account"),
        answer=chats.CustomerChats,
        refusals=(customers.NoSuchCustomer,),
        auth=OPERATOR,
    ),
    kit.post(
        "/customers/{customer_id}/chats/{chat_id}/unbind",
        chats.let_go,
        summary=("为顾客解绑一个聊天", "Untie a customer's chat"),
        description=(
            "例如手机丢失。该聊天不再能查询和操作账户，顾客会收到通知；同一个人要重新绑定或登录才能再用。把聊天换给另一位顾客，用合并或由本人重新绑定。",
            "For instance when a phone is lost. The chat can no longer see or use the account, and the customer is told; only binding or "
            "signing in anew ties it again. Two customers who are one person are merged.",
        ),
        answer=chats.CustomerChats,
        refusals=(chat_ties.NoSuchChat, customers.NoSuchCustomer, chat_ties.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
)
