"""Messages."""

from core import http as kit
from miniapp_api import (
    message_settings,
    messages,
)
from miniapp_api.routes.caller import CUSTOMER
from notifications import preferences

ROUTES = (
    kit.get(
        "/messages",
        messages.listing,
        summary=("消息", "Messages"),
        answer=kit.Page[messages.Message],
        auth=CUSTOMER,
    ),
    kit.get(
        "/message-templates",
        messages.subscribable,
        summary=("可订阅的消息模板", "Subscribe messages to ask for"),
        answer=kit.Page[messages.MessageTemplate],
        auth=CUSTOMER,
    ),
    kit.get(
        "/messages/settings",
        message_settings.read,
        summary=("消息设置", "Message settings"),
        answer=message_settings.MessageSettings,
        auth=CUSTOMER,
    ),
    kit.put(
        "/messages/settings",
        message_settings.choose,
        summary=("更改消息设置", "Change the message settings"),
        description=(
            "账务消息始终会发；提醒可关闭；优惠消息须本人同意。免打扰时段按门店时区，在门店自己的时段之外另加。",
            "What happens to money is always told; reminders may be switched off; marketing needs the customer's yes. Quiet "
            "hours are in the shop's time zone, on top of the shop's own.",
        ),
        answer=message_settings.MessageSettings,
        refusals=(
            preferences.QuietHoursWrong,
            preferences.ChannelsWrong,
            preferences.ConsentNotWorded,
        ),
        auth=CUSTOMER,
    ),
    kit.delete(
        "/messages/settings/phone",
        message_settings.forget_phone,
        summary=("删除登记的手机号", "Take the phone number away"),
        answer=message_settings.MessageSettings,
        auth=CUSTOMER,
    ),
    kit.delete(
        "/messages/settings/email",
        message_settings.forget_email,
        summary=("删除登记的邮箱", "Take the e-mail address away"),
        answer=message_settings.MessageSettings,
        auth=CUSTOMER,
    ),
)
