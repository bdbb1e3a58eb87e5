"""预约: the lessons and visits that are booked, and cancelling one by its number or a yes, with what that costs."""

from __future__ import annotations

import re
import unicodedata

from bot.asker import Asker
from bot.dialogue import Choice, Outcome, Proposal, Subject
from core import clock, ids, money
from shop import booking_ends, bookings_shown

DEED = "cancel_booking"
_UNWANTED = frozenset({"CANCEL", "NOT", "STOP"})
_LOOKED_AT, _MOST = 50, 6
_DIGITS = 4
_CANCELS = re.compile(
    r"\s*(?:(?P<chinese>取消预约|取消預約)|cancel\s+booking)\s*(?P<code>[0-9]{4})"
    r"(?:\s*(?:收|for)\s*[¥￥]?\s*(?P<yuan>[0-9]{1,8}(?:\.[0-9]{1,2})?)\s*元?)?\s*[。.!]?\s*"
)


async def _ahead(asker: Asker) -> list[bookings_shown.Booking]:
    """What is booked and has not begun, the nearest first."""
    found = await bookings_shown.page(asker.customer.id, limit=_LOOKED_AT)
    ahead = [one for one in found if one.state == "booked" and one.starts_at > clock.now()]
    return sorted(ahead, key=lambda one: one.starts_at)


async def answer(asker: Asker) -> list[str]:
    """What is booked; or the question about the one that is to be cancelled."""
    ahead = (await _ahead(asker))[:_MOST]
    if not ahead:
        return [asker.say("bookings.none")]
    if not asker.asked.names(_UNWANTED):
        return [
            asker.say("bookings.title"),
            *(_line(asker, one) for one in ahead),
            asker.say("bookings.how"),
        ]
    if len(ahead) == 1:
        return _propose(asker, ahead[0])
    lines = [_to_cancel(asker, one, is_charged=booking_ends.costs_now(one)) for one in ahead]
    asker.turn.offer([Choice(DEED, {"booking_no": one.booking_no}) for one in ahead])
    return [asker.say("bookings.cancel_title"), *asker.numbered(lines)]


async def propose(asker: Asker, subject: Subject) -> list[str]:
    """The question whether that booking is to be cancelled."""
    one = await bookings_shown.get(subject["booking_no"], customer_id=asker.customer.id)
    if one.state != "booked" or one.starts_at <= clock.now():
        return [asker.say("bookings.over", name=one.name, starts_at=one.starts_at)]
    return _propose(asker, one)


def _propose(asker: Asker, one: bookings_shown.Booking) -> list[str]:
    is_charged = booking_ends.costs_now(one)
    asker.turn.propose(DEED, {"booking_no": one.booking_no}, booking_ends.mark_of(one, is_charged=is_charged))
    cost = _cost(asker, one, is_charged=is_charged)
    what = asker.say("bookings.what", name=one.name, starts_at=one.starts_at, cost=cost)
    line = _to_cancel(asker, one, is_charged=is_charged)
    return [asker.say("bookings.cancel_title"), line, *asker.yes_does(what)]


def _line(asker: Asker, one: bookings_shown.Booking) -> str:
    return asker.say("bookings.line", name=one.name, starts_at=one.starts_at, price_fen=one.price_fen)


def _to_cancel(asker: Asker, one: bookings_shown.Booking, *, is_charged: bool) -> str:
    return asker.say(
        f"bookings.to_cancel.{'charged' if is_charged else 'free'}",
        name=one.name,
        starts_at=one.starts_at,
        cost=_cost(asker, one, is_charged=is_charged),
        price_fen=one.price_fen,
        code=one.booking_no[-_DIGITS:],
    )


def _cost(asker: Asker, one: bookings_shown.Booking, *, is_charged: bool) -> str:
    key = "charged" if is_charged else "free"
    return asker.say(f"bookings.cost.{key}", price_fen=one.price_fen, free_until=one.free_until)


async def do(asker: Asker, proposal: Proposal) -> Outcome:
    """The booking somebody has said yes to cancelling."""
    return await _cancel(asker, proposal.subject["booking_no"], proposal.mark, proposal.number)


async def _cancel(asker: Asker, booking_no: str, mark: str, key: str) -> Outcome:
    one = await booking_ends.cancel_as_shown(asker.customer.id, booking_no, mark, key=key)
    line = asker.say("bookings.cancelled", name=one.name, starts_at=one.starts_at)
    return Outcome([line], kept_because="bookings.no_undo")


def asked(text: str) -> tuple[Change, str] | None:
    """The booking a text cancels to the letter, and the language it does so in; None when it cancels none."""
    match = _CANCELS.fullmatch(unicodedata.normalize("NFKC", text[:200]).casefold())
    if match is None:
        return None
    amount_fen = money.fen_from_yuan(match["yuan"]) if match["yuan"] else None
    return Change(match["code"], amount_fen), "zh-CN" if match["chinese"] else "en"


class Change:
    """A booking somebody wants cancelled by the end of its number: answered by doing it, if one is so named."""

    def __init__(self, code: str, amount_fen: int | None) -> None:
        self._code, self._amount_fen = code, amount_fen

    async def answer(self, asker: Asker) -> list[str]:
        """What came of it."""
        found = [one for one in await _ahead(asker) if one.booking_no.endswith(self._code)]
        if len(found) != 1:
            return [asker.say("bookings.not_one", code=self._code)]
        one = found[0]
        is_charged = booking_ends.costs_now(one)
        if is_charged and self._amount_fen != one.price_fen:
            return _propose(asker, one)  # it is said first what it costs
        mark = booking_ends.mark_of(one, is_charged=is_charged)
        outcome = await _cancel(asker, one.booking_no, mark, ids.new_no("K"))
        asker.turn.did(outcome)
        return outcome.lines
