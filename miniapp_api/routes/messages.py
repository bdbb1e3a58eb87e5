"""Messages."""

from core import http as kit
from miniapp_api import (
    messages,
)
from miniapp_api.routes.caller import CUSTOMER

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
)
