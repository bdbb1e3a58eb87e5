"""人工: handing a chat over to the shop's people, and back to the bot.

While people have it, what the customer writes is kept for them and the bot stays quiet. It speaks once where nobody is there yet, and when
it has the chat again: the customer said 返回, an operator ended it, or nobody answered in time (``members.people_clock``).
"""

from __future__ import annotations

import re

from bot import binding, messages
from bot.asker import Asker
from bot.understanding.plain import plain
from members import people, satisfaction
from members.people import Chat, Heard, Said

_BACK = frozenset(
    {
        "返回", "返回机器人", "机器人", "回到机器人", "转机器人", "转回机器人", "结束人工", "退出人工", "退出", "结束",
        "bot", "back", "robot", "back to bot",
    }
)  # fmt: skip
_SCORE = re.compile(r"([1-5])\s*(?:分|星|stars?)?[。.!]?")
_COMPLAINS = frozenset({"COMPLAIN"})


async def answer(asker: Asker) -> list[str]:
    """Asks people to take the chat, and says when somebody will be there."""
    asked, chat = asker.asked, asker.chat
    if chat is None:
        return [asker.say("person.how")]
    heard = await people.ask_for(
        chat,
        None if asker.known is None else asker.known.id,
        Said(asker.said or asked.text),
        reason="complaint" if asked.names(_COMPLAINS) or "投诉" in plain(asker.said) else "asked",
        context={"intent": asked.intent, "confidence": round(asked.confidence, 2)},
        locale=asker.locale,
    )
    if not heard.acknowledge:
        return []
    return [_coming(asker, heard, "person.asked")]


async def hear(
    asker: Asker, chat: Chat, customer_id: int | None, message: messages.Message
) -> list[str] | None:
    """What to say to a message in a chat that people have; nothing, mostly. None: they have not got it."""
    wants_back = plain(message.text).strip(" 。.!") in _BACK
    said = Said(binding.masked(message.text), message.kind, message.media_id, message.picture_url)
    heard = await people.hear(chat, customer_id, said, wants_back=wants_back)
    if heard is None:
        return None
    if heard.given_back:
        return [asker.say("person.back_and_rate" if heard.rate else "person.back")]
    return [_coming(asker, heard, "person.kept")] if heard.acknowledge else []


async def rated(asker: Asker, chat: Chat, text: str) -> list[str] | None:
    """Thanks for a number from 1 to 5, where the chat was asked for one; None: it was not."""
    match = _SCORE.fullmatch(plain(text))
    if match is None or not await satisfaction.score_in_chat(chat.app_id, chat.openid, int(match[1])):
        return None
    return [asker.say("person.rated")]


def _coming(asker: Asker, heard: Heard, key: str) -> str:
    if heard.there_at is None:
        return asker.say(key)
    return asker.say("person.away", there_at=heard.there_at)
