"""Messages to customers, their wordings, and what customers want."""

from admin_api import messages
from admin_api.routes.caller import OPERATOR
from core import http as kit
from members import birthdays
from members import customers as members_customers
from notifications import addresses, editing, letterbox, preferences

ROUTES = (
    kit.get(
        "/messages",
        messages.listing,
        summary=("发给顾客的消息", "Messages to customers"),
        answer=kit.Page[messages.Message],
        auth=OPERATOR,
    ),
    kit.get(
        "/messages/{message_id}",
        messages.one,
        summary=("一条消息及每次发送", "One message with every attempt"),
        answer=messages.WholeMessage,
        refusals=(letterbox.NoSuchMessage,),
        auth=OPERATOR,
    ),
    kit.post(
        "/messages/{message_id}/replay",
        messages.replay,
        summary=("重发一条发送失败的消息", "Send a dead message again"),
        answer=messages.WholeMessage,
        refusals=(letterbox.NoSuchMessage, letterbox.MessageNotDead),
        auth=OPERATOR,
    ),
    kit.post(
        "/dead-messages/replay",
        messages.replay_dead,
        summary=("重发全部发送失败的消息", "Send all dead messages again"),
        description=(
            "一次最多 1000 条，最早的在前；过时或不再属实的仍不会发出。",
            "A thousand at once at most, the oldest first; what is stale or no longer true still does not go out.",
        ),
        answer=messages.Replayed,
        auth=OPERATOR,
        rate=kit.Rate(10, 60),
    ),
    kit.get(
        "/message-kinds",
        messages.kinds_of_messages,
        summary=("消息的种类", "Kinds of messages"),
        answer=kit.Page[messages.KindOfMessage],
        auth=OPERATOR,
    ),
    kit.get(
        "/message-wordings",
        messages.wordings_in_force,
        summary=("现行文案", "The wordings in force"),
        answer=kit.Page[messages.Version],
        auth=OPERATOR,
    ),
    kit.get(
        "/message-wordings/history",
        messages.wording_history,
        summary=("一种文案的各个版本", "The versions of a wording"),
        answer=kit.Page[messages.Version],
        auth=OPERATOR,
    ),
    kit.post(
        "/message-wordings/preview",
        messages.preview,
        summary=("预览文案", "Look at a wording"),
        description=(
            "用示例填好每一项，并指出超出平台限制的。",
            "Every field filled in with an example, with the limits of the platform that it breaks.",
        ),
        answer=messages.Preview,
        refusals=(editing.NoSuchWording, editing.WordingWrong),
        auth=OPERATOR,
    ),
    kit.put(
        "/message-wordings",
        messages.save,
        summary=("保存文案", "Save a wording"),
        answer=messages.Version,
        refusals=(editing.NoSuchWording, editing.WordingWrong),
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/messaging",
        messages.reach,
        summary=("顾客的消息设置与联系方式", "A customer's message settings and addresses"),
        answer=messages.Reach,
        refusals=(members_customers.NoSuchCustomer,),
        auth=OPERATOR,
    ),
    kit.put(
        "/customers/{customer_id}/messaging/reach",
        messages.set_reach,
        summary=("登记手机号、邮箱与生日", "Set phone, e-mail and birthday"),
        answer=messages.Reach,
        refusals=(
            members_customers.NoSuchCustomer,
            addresses.AddressNotUsable,
            birthdays.BirthdayWrong,
        ),
        auth=OPERATOR,
    ),
    kit.put(
        "/customers/{customer_id}/messaging/preferences",
        messages.choose,
        summary=("代顾客设置消息偏好", "Set a customer's message preferences"),
        answer=messages.Preferences,
        refusals=(
            members_customers.NoSuchCustomer,
            preferences.QuietHoursWrong,
            preferences.ChannelsWrong,
            preferences.ConsentNotWorded,
        ),
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/messaging/consents",
        messages.consents,
        summary=("营销消息的同意与撤回", "Agreements to marketing and their withdrawals"),
        answer=kit.Page[messages.Consent],
        auth=OPERATOR,
    ),
)
