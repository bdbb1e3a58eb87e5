"""投诉 …, 建议 …, 反馈 …: writing down a complaint or feedback, to the letter; 我的投诉: how one's own stand."""

from __future__ import annotations

import re
import unicodedata

from bot.asker import Asker
from members import tickets

_SHOWN = 5
_KINDS: dict[str, tickets.Kind] = {
    "投诉": "complaint", "投訴": "complaint", "建议": "suggestion", "建議": "suggestion", "反馈": "feedback", "反饋": "feedback",
    "complaint": "complaint", "suggestion": "suggestion", "feedback": "feedback",
}  # fmt: skip
_MAKES = re.compile(
    r"\s*(?:我(?:要|想)?)?(?P<word>投诉|投訴|建议|建議|反馈|反饋|complaint|suggestion|feedback)(?P<between>\s*[:,，。;；]\s*|\s+)?(?P<content>.*)",
    re.DOTALL | re.IGNORECASE,
)
_ASKS = re.compile(r"[?？]|吗|怎么|如何|哪里|哪儿|多少|在哪|电话|渠道|进度|结果|记录")
_LEAST_CHARS, _LEAST_AFTER_A_BREAK = 5, 2


def asked(text: str) -> tuple[Making, str] | None:
    """The complaint or feedback that a text is, and the language of it; None when it is none, as a mere 投诉, which asks for a person."""
    match = _MAKES.fullmatch(unicodedata.normalize("NFKC", text))
    if match is None:
        return None
    content = match["content"].strip()
    is_ascii = match["word"].isascii()
    if match["between"] is None and (is_ascii or len(content) < _LEAST_CHARS or _ASKS.search(content)):
        return None  # 投诉电话是多少 asks, and says nothing of what happened
    if len(content) < _LEAST_AFTER_A_BREAK:
        return None
    return Making(_KINDS[match["word"].lower()], content), "en" if is_ascii else "zh-CN"


class Making:
    """A complaint or feedback that somebody has written: answered by writing it down."""

    def __init__(self, kind: tickets.Kind, content: str) -> None:
        self._kind: tickets.Kind = kind
        self._content = content

    async def answer(self, asker: Asker) -> list[str]:
        """The number it has."""
        number = await tickets.make(
            self._kind,
            self._content,
            customer_id=None if asker.known is None else asker.known.id,
            chat=asker.chat,
            locale=asker.locale,
        )
        kind = asker.say(f"tickets.kind.{self._kind}")
        return [asker.say("tickets.made", kind=kind, ticket_no=number), asker.say("tickets.hint")]


async def answer(asker: Asker) -> list[str]:
    """我的投诉: the latest, with how each stands and what was answered."""
    if asker.known is not None:
        found = await tickets.own(asker.known.id, limit=_SHOWN)
    else:
        found = await tickets.of_chat(asker.chat, limit=_SHOWN) if asker.chat is not None else []
    if not found:
        return [asker.say("tickets.none")]
    return [asker.say("tickets.title"), *(_line(asker, one) for one in found)]


def _line(asker: Asker, ticket: tickets.Ticket) -> str:
    line = asker.say(
        "tickets.line",
        kind=asker.say(f"tickets.kind.{ticket.kind}"),
        ticket_no=ticket.ticket_no,
        at=ticket.created_at,
        state=asker.say(f"tickets.state.{ticket.state}"),
    )
    return line if ticket.answer is None else f"{line}\n{asker.say('tickets.reply', text=ticket.answer)}"
