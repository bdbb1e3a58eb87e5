"""Orders by instalments 订单分期: what the shop offers for an order's bill, its beginning, and taking off it what goods that came back would
still have cost.

Its first part is paid with the order; the others are parts of a bill as any (``billing.instalments``). All of it runs in the caller's
transaction, which has locked the order and then the bill.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from billing import arrangements, bills, collecting, instalment_schedule, parts, schedule, terms
from core import clock, db, errors, words
from core.words import DEFAULT_LOCALE
from notifications import outbox

Planned = instalment_schedule.Planned


class InstalmentsNotOffered(errors.Conflict):
    """The shop does not offer so many parts for an order like this."""

    code = "instalments_not_offered"


class FirstPartNeedsReview(errors.Conflict):
    """The shop checks a deduction like the first part before it is made; pay the whole order, which is checked then."""

    code = "first_part_needs_review"


@dataclass(frozen=True, slots=True)
class Offer:
    """So many parts: the first is paid at once from the balance, the others are taken from it when they are due."""

    parts: tuple[Planned, ...]

    @property
    def first_fen(self) -> int:
        return self.parts[0].amount_fen

    @property
    def consent_version(self) -> str:
        """Names what is agreed to: other amounts or days are another version."""
        said = ";".join(f"{part.amount_fen}@{part.due_on.isoformat()}" for part in self.parts)
        return f"p{len(self.parts)}-{hashlib.sha256(said.encode()).hexdigest()[:12]}"

    def consent_text(self, locale: str = DEFAULT_LOCALE) -> str:
        """What the customer agrees to."""
        return words.say(
            "instalments.order", locale, first_fen=self.first_fen, rest_fen=sum(part.amount_fen for part in self.parts[1:]),
            count=len(self.parts) - 1, next_on=self.parts[1].due_on.isoformat(),
        )  # fmt: skip


def offers(total_fen: int) -> list[Offer]:
    """What the shop offers for an order of so much, the fewest parts first."""
    chosen = terms.current()
    if total_fen < chosen.order_instalments_from_fen:
        return []
    counts = sorted(set(chosen.order_instalment_parts))
    return [offer for count in counts if (offer := _offer(total_fen, count)) is not None]


def _offer(total_fen: int, count: int) -> Offer | None:
    """``count`` parts, the first of them the down payment; None: the amount has too few fen for that."""
    today = clock.today()
    down_fen = -(-total_fen * terms.current().order_down_payment_percent // 100)
    asked = instalment_schedule.EqualParts(
        count - 1, schedule.counted(today, "monthly", 1), down_payment_fen=down_fen
    )
    try:
        return Offer(tuple(instalment_schedule.split(total_fen, asked, today=today)))
    except (instalment_schedule.DownPaymentTooLarge, instalment_schedule.TooManyInstalments):
        return None


def offered(total_fen: int, count: int) -> Offer:
    """The offer of so many parts.

    Raises:
        InstalmentsNotOffered.
    """
    for offer in offers(total_fen):
        if len(offer.parts) == count:
            return offer
    raise InstalmentsNotOffered(parts=count)


async def begin(bill: bills.Bill, offer: Offer, *, text: str, by: str) -> bills.Bill:
    """The customer has agreed: a locked bill of which nothing was paid is arranged in the offered parts, and the first is taken.

    Raises:
        FirstPartNeedsReview, InsufficientBalance, BillNotOwed, BillPaymentPending, BillUnderReview.
    """
    asked = arrangements.Asked(True, offer.consent_version, text, by)
    await arrangements.propose(bill, offer.parts, asked)
    await arrangements.start(bill, channel="mini_program", by=by)
    paid = await collecting.take(await bills.lock(bill.bill_no), offer.first_fen, operator=by)
    if paid.under_review:
        raise FirstPartNeedsReview(bill_no=bill.bill_no)
    return paid


_WRITE_DOWN = """
UPDATE bill SET amount_fen = amount_fen - $2, reduced_fen = reduced_fen + $2 WHERE id = $1 AND amount_fen - paid_fen > $2
"""
_WRITE_DOWN_ALL = """
UPDATE bill SET amount_fen = paid_fen, reduced_fen = reduced_fen + $2, state = 'paid', paid_at = $3, written_off_at = NULL,
    collect_mode = 'full', automatic = false, collect_at = NULL
WHERE id = $1 AND amount_fen - paid_fen = $2
"""


async def write_down(bill: bills.Bill, most_fen: int, *, by: str, reason: str) -> int:
    """Takes so much off what is owed on a locked bill, or was given up of it, as far as that goes: the last parts end first. Returns how
    much it was."""
    if bill.state not in (*bills.OWED, "written_off"):
        return 0
    fen = min(most_fen, bill.owed_fen)
    await arrangements.end(bill.id, "proposed", "withdrawn", by=by, reason=reason)
    if fen == bill.owed_fen:
        done = await db.execute(_WRITE_DOWN_ALL, bill.id, fen, clock.now())
        await arrangements.end(bill.id, "running", "cancelled", by=by, reason=reason)
    else:
        done = await db.execute(_WRITE_DOWN, bill.id, fen)
        await _shorten(bill, fen, by=by)
    assert done, f"bill {bill.bill_no} owes less than was read under its lock"
    if bill.state in bills.OWED:  # of what was given up nobody hears that less of it is to be paid
        await _tell(bill, fen)
    return fen


async def _shorten(bill: bills.Bill, less_fen: int, *, by: str) -> None:
    """The parts that are still owed are arranged anew without so much of them; what the customer agreed to stands beside them."""
    was = await arrangements.find(bill.id, "running")
    if was is None:
        return
    owed = [part for part in (await parts.running([bill.id]))[bill.id] if part.owed_fen]
    asked = arrangements.Asked(bill.automatic, was.consent_version, was.consent_text, by)
    assert was.consent_channel is not None
    await arrangements.propose(bill, _without(owed, less_fen), asked)
    await arrangements.start(bill, channel=was.consent_channel, by=by)


def _without(owed: Sequence[parts.Part], less_fen: int) -> list[Planned]:
    rest_fen, kept = sum(part.owed_fen for part in owed) - less_fen, []
    for part in owed:
        if fen := min(part.owed_fen, rest_fen):
            kept.append(Planned(fen, part.due_on))
            rest_fen -= fen
    return kept


async def _tell(bill: bills.Bill, fen: int) -> None:
    params = {
        "title": bill.title, "bill_no": bill.bill_no, "amount_fen": fen, "owed_fen": bill.owed_fen - fen, "at": clock.now(),
    }  # fmt: skip
    key = f"bill_reduced:{bill.bill_no}:{bill.amount_fen - fen}"
    await outbox.tell([outbox.Message(bill.customer_id, "bill_reduced", key, params)])
