"""What operators want answered to a keyword."""

from __future__ import annotations

from datetime import timedelta

from bot import opening
from bot.asker import Asker
from bot.understanding.plain import plain
from core import clock, words
from shop import chat_answers, chat_texts


async def answer(asker: Asker, match: chat_answers.Match, text: str) -> list[str] | None:
    """The text for what was written, if a keyword is it (``exact``) or stands in it (``contains``)."""
    edition = asker.lesson.edition
    if not any(one.match == match for one in edition.answers):
        return None
    found = chat_answers.fitting(edition.answers, match, plain(text), clock.now())
    if not found:
        return None
    of_stores = any(one.store_id for one in found)
    store_id = await asker.store_id() if of_stores else 0
    for one in found:
        if one.store_id in (0, store_id):
            is_english = asker.locale == "en" and one.text_en
            return [await filled(asker, one.text_en if is_english else one.text_zh)]
    return None


async def filled(asker: Asker, text: str) -> str:
    """An operator's text with its placeholders filled in."""
    wanted = words.placeholders(text)
    if not wanted:
        return words.fill(text)
    today = clock.today()
    store_id = await asker.store_id() if set(wanted) - {"shop", "today"} else 0
    values = {
        "shop": asker.shop.name,
        "store": asker.lesson.edition.stores.get(store_id, asker.shop.name),
        "today": today.isoformat(),
    }
    if "hours_today" in wanted:
        values["hours_today"] = opening.day_text(asker, store_id, today)
    if "hours_tomorrow" in wanted:
        values["hours_tomorrow"] = opening.day_text(asker, store_id, today + timedelta(days=1))
    if "hours" in wanted:
        values["hours"] = opening.week_text(asker, store_id)
    return words.fill(text, **{name: chat_texts.cut(values[name], name) for name in wanted})
