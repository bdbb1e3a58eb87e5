"""绑定 12345678, 解绑: whose chat this is, said by who writes in it.

A code is read to the letter: 绑定 with digits, or eight digits alone, which nothing else is: a bill is paid by four and its amount, a plan
changed by a word and its number (of somebody who is known they are no code, but whatever is understood by them). A phone number somebody types proves nothing and is not looked at.
"""

from __future__ import annotations

import re
import unicodedata

from bot.asker import Asker
from core import clock
from members import chat_codes, chat_ties

_ENDS = r"\s*[。.!]?\s*"
_CODE = re.compile(
    rf"\s*(?:(?P<chinese>绑定|綁定|绑定码|綁定碼)|(?P<english>bind(?:\s+code)?))\s*[:：]?\s*(?P<named>[0-9]{{4,12}}|[0-9]{{4}}[ -][0-9]{{4}}){_ENDS}"
    rf"|\s*(?P<bare>[0-9]{{{chat_codes.DIGITS}}}){_ENDS}"
)
_LETS_GO = re.compile(rf"\s*(?:(?P<chinese>确认解绑|確認解綁)|confirm\s+unbind){_ENDS}")
_PHONE = re.compile(
    rf"\s*(?:我的)?(?P<chinese>绑定|綁定|手机号?码?|手機號?碼?|电话|電話)?(?:是|为)?\s*[:：]?\s*(?:\+?86[ -]?)?1[3-9][0-9](?:[ -]?[0-9]{{4}}){{2}}{_ENDS}"
)


_DIGIT = re.compile(r"\d")


def asked(text: str) -> tuple[Entered | LettingGo | Phone, str | None] | None:
    """What a text says about whose chat this is, and the language it does so in (None: digits alone); None when it says nothing of it."""
    plain = unicodedata.normalize("NFKC", text[:200]).casefold()
    if (match := _PHONE.fullmatch(plain)) is not None:
        return Phone(), "zh-CN" if match["chinese"] else None
    if (match := _CODE.fullmatch(plain)) is not None:
        digits = re.sub("[ -]", "", match["named"] or match["bare"])
        return Entered(digits, is_bare=match["named"] is None), "zh-CN" if match[
            "chinese"
        ] else "en" if match["english"] else None
    if (match := _LETS_GO.fullmatch(plain)) is not None:
        return LettingGo(), "zh-CN" if match["chinese"] else "en"
    return None


def masked(text: str) -> str:
    """A text as it is kept: without a code that may still be good."""
    if not _DIGIT.search(text):
        return text
    said = asked(text)
    if said is None or not isinstance(said[0], Entered):
        return text
    return re.sub(r"\d", "*", text)


async def answer(asker: Asker) -> list[str]:
    """绑定: a code for the mini-program, or how to use one it shows."""
    if asker.known is not None:
        return [asker.say("bind.bound")]
    code = await chat_codes.for_chat(asker.app_id, asker.openid)
    minutes = max(1, round((code.ends_at - clock.now()).total_seconds() / 60))
    return [asker.say("bind.code", code=code.code, minutes=minutes), asker.say("bind.other_way")]


async def unbind(asker: Asker) -> list[str]:
    """解绑: what it means, and the words that do it."""
    return [asker.say("bind.unbind_means")]


class Entered:
    """A code somebody typed: answered by tying the chat. ``is_bare``: digits and nothing else."""

    def __init__(self, code: str, *, is_bare: bool) -> None:
        self._code, self.is_bare = code, is_bare

    async def answer(self, asker: Asker) -> list[str]:
        """What came of it."""
        await chat_codes.enter_in_chat(asker.app_id, asker.openid, self._code)
        return [asker.say("bind.done")]


class LettingGo:
    """The words that untie the chat."""

    async def answer(self, asker: Asker) -> list[str]:
        """What came of it."""
        await chat_ties.let_go_of(asker.customer.id, asker.app_id, asker.openid)
        return [asker.say("bind.unbound")]


class Phone:
    """A phone number somebody typed."""

    async def answer(self, asker: Asker) -> list[str]:
        """Why it is no use, and what is."""
        return [asker.say("bind.phone" if asker.known is None else "bind.phone_known")]
