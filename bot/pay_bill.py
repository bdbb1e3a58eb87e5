"""付账单: which bills can be paid from the balance by a word, and paying the one that is confirmed."""

from __future__ import annotations

import re
import unicodedata

from billing import payable
from bot.asker import Asker
from core import money

_MOST = 8
_CONFIRMS = re.compile(
    r"\s*(?:(?P<chinese>确认付款|確認付款)|confirm(?:\s+payment)?)\s*(?P<code>[0-9]{4})\s+[¥￥]?\s*(?P<yuan>[0-9]{1,8}(?:\.[0-9]{1,2})?)"
    r"\s*元?\s*[。.!]?\s*"
)


async def answer(asker: Asker) -> list[str]:
    """The bills that can be paid, or the one that is named, each with the words that pay it."""
    every = await payable.of(asker.customer.id)
    found = [one for one in every if one.code == asker.asked.slots.number] or every
    if not found:
        return [asker.say("pay_bill.none")]
    lines = [
        asker.say(
            "pay_bill.line", title=one.title, code=one.code, amount_fen=one.amount_fen, due_at=one.due_at
        )
        for one in found[:_MOST]
    ]
    available_fen = await payable.available_fen(asker.customer.id)
    return [asker.say("pay_bill.title"), *lines, asker.say("pay_bill.available", available_fen=available_fen)]


def confirmed(text: str) -> tuple[Confirmation, str] | None:
    """The payment that a text confirms, and the language it does so in; None when it confirms none."""
    match = _CONFIRMS.fullmatch(unicodedata.normalize("NFKC", text[:200]).casefold())
    if match is None:
        return None
    amount_fen = money.fen_from_yuan(match["yuan"])
    return Confirmation(match["code"], amount_fen), "zh-CN" if match["chinese"] else "en"


class Confirmation:
    """A payment somebody has confirmed: answered by making it."""

    def __init__(self, code: str, amount_fen: int) -> None:
        self._code, self._amount_fen = code, amount_fen

    async def answer(self, asker: Asker) -> list[str]:
        """What came of it."""
        paid = await payable.confirm(asker.customer.id, self._code, self._amount_fen)
        key = "pay_bill.under_review" if paid.bill.under_review else "pay_bill.paid"
        return [
            asker.say(
                key, title=paid.bill.title, amount_fen=paid.amount_fen, available_fen=paid.available_fen
            )
        ]
