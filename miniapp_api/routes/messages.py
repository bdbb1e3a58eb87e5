"""Messages."""

from core import http as kit
from members import confirming, sign_in
from miniapp_api import (
    address_codes,
    message_settings,
    messages,
)
from miniapp_api.routes.caller import CUSTOMER
from notifications import addresses as notification_addresses
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
    kit.post(
        "/messages/settings/codes",
        address_codes.send,
        summary=("发送验证码", "Send a code to a phone number or an e-mail address"),
        description=(
            "六位数字，十分钟内有效，可输错四次；每分钟一次，同一号码或邮箱一天五次。",
            "Six digits, good for ten minutes and five tries; once a minute, to one address five times a day.",
        ),
        answer=address_codes.SentCode,
        refusals=(
            notification_addresses.AddressNotUsable,
            confirming.AddressNotConfirmable,
            confirming.CodeTooOften,
            confirming.CodeNotSent,
        ),
        auth=CUSTOMER,
    ),
    kit.post(
        "/messages/settings/confirmations",
        address_codes.confirm,
        summary=("用验证码确认手机号或邮箱", "Confirm a phone number or an e-mail address by the code"),
        answer=message_settings.MessageSettings,
        refusals=(confirming.CodeOver, confirming.CodeWrong, confirming.CodeTriedTooOften),
        auth=CUSTOMER,
    ),
    kit.post(
        "/messages/settings/phone",
        address_codes.take_phone,
        summary=("使用微信绑定的手机号", "Take the phone number that WeChat has"),
        description=(
            'code 来自 open-type="getPhoneNumber" 的按钮。',
            'The code comes from a button with open-type="getPhoneNumber".',
        ),
        answer=message_settings.MessageSettings,
        refusals=(
            confirming.PhoneCodeRefused,
            sign_in.WeChatUnavailable,
            notification_addresses.AddressNotUsable,
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
