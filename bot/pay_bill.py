"""付账单: which bills can be paid from the balance by a word, and paying the one that is confirmed."""

from __future__ import annotations

import re
import unicodedata

from billing import payable
from bot.asker import Asker
from bot.dialogue import Choice, Outcome, Proposal, Subject
from core import money

DEED = "pay_bill"
_MOST = 8
_CONFIRMS = re.compile(
    r"\s*(?:(?P<chinese>确认付款|確認付款)|confirm(?:\s+payment)?)\s*(?P<code>[0-9]{4})\s+[¥￥]?\s*(?P<yuan>[0-9]{1,8}(?:\.[0-9]{1,2})?)"
    r"\s*元?\s*[。.!]?\s*"
)


async def answer(asker: Asker) -> list[str]:
    """The bills that can be paid, or the one that is named, each with the words that pay it. Of one a yes pays it too, of several a number
    picks one."""
    every = await payable.of(asker.customer.id)
    found = [one for one in every if one.code == asker.asked.slots.number] or every
    if not found:
        return [asker.say("pay_bill.none")]
    if len(found) == 1:
        return await _propose(asker, found[0])
    shown = found[:_MOST]
    asker.turn.offer([Choice(DEED, {"bill_no": one.bill.bill_no}) for one in shown])
    available_fen = await payable.available_fen(asker.customer.id)
    available = asker.say("pay_bill.available", available_fen=available_fen)
    lines = asker.numbered([_line(asker, one) for one in shown])
    return [asker.say("pay_bill.title"), *lines[: len(shown)], available, *lines[len(shown) :]]


async def propose(asker: Asker, subject: Subject) -> list[str]:
    """The question whether that bill is to be paid."""
    return await _propose(asker, await payable.named(asker.customer.id, subject["bill_no"]))


async def _propose(asker: Asker, one: payable.Payable) -> list[str]:
    available_fen = await payable.available_fen(asker.customer.id)
    lines = [
        asker.say("pay_bill.title"),
        _line(asker, one),
        asker.say("pay_bill.available", available_fen=available_fen),
    ]
    if asker.leads_to("bill") and (missing_fen := await asker.missing_fen(one.amount_fen)):
        words = asker.say("pay_bill.rest", missing_fen=missing_fen)
        return [*lines, asker.link("bill", words, bill_no=one.bill.bill_no)]
    asker.turn.propose(DEED, {"bill_no": one.bill.bill_no}, one.mark)
    what = asker.say("pay_bill.what", title=one.title, code=one.code, amount_fen=one.amount_fen)
    return [*lines, *asker.yes_does(what)]


def _line(asker: Asker, one: payable.Payable) -> str:
    return asker.say(
        "pay_bill.line", title=one.title, code=one.code, amount_fen=one.amount_fen, due_at=one.due_at
    )


async def do(asker: Asker, proposal: Proposal) -> Outcome:
    """The payment somebody has said yes to."""
    paid = await payable.pay_as_shown(
        asker.customer.id, proposal.subject["bill_no"], proposal.mark, key=proposal.number
    )
    return _told(asker, paid)


def _told(asker: Asker, paid: payable.Paid) -> Outcome:
    key = "pay_bill.under_review" if paid.bill.under_review else "pay_bill.paid"
    line = asker.say(key, title=paid.bill.title, amount_fen=paid.amount_fen, available_fen=paid.available_fen)
    return Outcome([line], kept_because="dialogue.no_undo.paid")


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
        outcome = _told(asker, await payable.confirm(asker.customer.id, self._code, self._amount_fen))
        asker.turn.did(outcome)
        return outcome.lines
