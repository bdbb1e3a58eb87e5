"""Somebody follows, or comes back, by a QR code that says where it hangs."""

from __future__ import annotations

from bot import greeting, keyword_answers, messages
from bot.asker import Asker
from members import chat_visits

_FOLLOWED = "qrscene_"


async def welcome(asker: Asker, message: messages.Message) -> list[str]:
    """The words of the code that was scanned, where it has any; else the house's. The visit is written down."""
    followed = message.event == "subscribe"
    scene = message.event_key.removeprefix(_FOLLOWED) if followed else message.event_key
    found = None
    if scene:
        found = await chat_visits.visited(asker.app_id, scene, message.openid, is_follow=followed)
    house = greeting.welcome(asker) if followed else greeting.back_again(asker)
    if found is None or not found.text_zh:
        return house
    text = found.text_en if asker.locale == "en" and found.text_en else found.text_zh
    lines = [await keyword_answers.filled(asker, text)]
    return lines if asker.known else [*lines, asker.say("greeting.bind_first")]
