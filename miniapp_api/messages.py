"""Messages to the customer, and which subscribe messages to ask for."""

from typing import Annotated

from pydantic import Field

from core import http as kit
from core import words
from miniapp_api.services import Customer, Services
from notifications import outbox, templates, wordings


class Message(kit.Answer):
    id: int
    kind: Annotated[str, Field(examples=["topped_up", "deducted", "low_balance", "payment_due"])]
    title: Annotated[str, Field(examples=["余额不足提醒"])]
    body: str
    at: kit.Instant
    state: Annotated[str, Field(examples=["queued", "sent", "dead"])]


class MessageTemplate(kit.Answer):
    kind: str
    template_id: Annotated[
        str, Field(description="wx.requestSubscribeMessage 的 tmplIds · one of its tmplIds")
    ]
    title: str


async def listing(query: kit.PageQuery, caller: Customer, locale: str) -> object:
    """The newest first, in the language asked for."""
    rows = await outbox.page(caller.id, before=query.after(int), limit=query.limit + 1)
    page, put = kit.cut(rows, query, lambda row: row.id), await wordings.current()
    return kit.Page[Message](
        items=[_in_words(row, locale, put) for row in page.items], next_cursor=page.next_cursor
    )


async def subscribable(services: Services, locale: str) -> kit.Page[MessageTemplate]:
    """The templates the shop sends by: those of its settings, or those that operators chose since."""
    found = {
        kind: MessageTemplate(kind=kind, template_id=template.template_id, title=template.title)
        for kind, template in services.message_templates.items()
    }
    for (kind, channel, saved_locale), content in (await wordings.current()).by_place.items():
        if (channel, saved_locale) == ("subscribe", locale):
            title = found[kind].title if kind in found else words.say(f"messages.{kind}.title", locale)
            found[kind] = MessageTemplate(kind=kind, template_id=content["template_id"], title=title)
    return kit.Page[MessageTemplate](items=list(found.values()))


def _in_words(queued: outbox.Queued, locale: str, put: wordings.Wordings) -> Message:
    saved = put.of(queued.kind, "inbox", locale)
    reading = templates.read(queued.kind, queued.params, locale, saved)
    return Message(
        id=queued.id,
        kind=queued.kind,
        title=reading.title,
        body=reading.body,
        at=queued.at,
        state=queued.state,
    )
