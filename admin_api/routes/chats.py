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
    kit.get(
        "/customers/{customer_id}/same-phone",
        chats.same_phone_as,
        summary=("授权过同一手机号的顾客", "Who else showed the same phone number"),
        description=(
            "只算微信授权得到的手机号。可能是同一个人，由店员核实后合并；手机号会换主人，不会自动合并。",
            "Only numbers that WeChat told us at the customer's tap count. They may be one person, whom operators merge when they know; numbers "
            "change hands, so nobody is joined by itself.",
        ),
        answer=chats.SamePhone,
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
