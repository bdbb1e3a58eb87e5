"""How a difference ends: by a decision of an operator, above the shop's limit of two.

    credit     the channel has more of a payment than its customer was given: the rest onto their balance
    adjust     the channel has more or less than our books say: what it holds for us is corrected against the adjustments
    send_back  it went back to the payer by a refund of that payment. That refund took it from their balance, where the channel's
               excess never came: so it is put there, as by credit. One refund explains one difference
    ignore     nothing moves, for the reason that is written down

Money that is in the quarantine is decided on there, and a payment that the channel has not confirmed is asked about: neither can be
credited here a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import ClassVar, Literal, get_args

from billing import approvals, credits
from core import clock, db, errors
from ledger import accounts, idempotency, posting
from members import limits
from notifications import outbox
from reconciliation import days, differences, history
from reconciliation.differences import Difference

Resolution = Literal["credit", "adjust", "send_back", "ignore"]


Why = Literal["at_stake", "quarantined", "not_confirmed", "nothing_to_move", "refund_missing", "refund_used"]


class ResolutionNotPossible(errors.Conflict):
    """The difference cannot end in this way; ``why`` says what stands against it."""

    code = "resolution_not_possible"
    said_by: ClassVar[Mapping[str, str]] = {"why": "reconciliation.why"}

    def __init__(self, *, why: Why) -> None:
        super().__init__(why=why)


class DifferenceWaits(errors.Conflict):
    """A second person is to decide on how the difference ends."""

    code = "difference_waits"


KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Wish:
    """How an operator wants a difference to end. ``refund_no``: the refund by which money goes back."""

    resolution: Resolution
    reason: str
    refund_no: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What asking came to: the difference as it is now, and the approval it waits for, if any."""

    difference: Difference
    approval_no: str | None


_WAITS = "UPDATE difference SET approval_no = $2 WHERE id = $1"


async def resolve(operator_id: int, difference_no: str, wish: Wish, *, key: str) -> Outcome:
    """Ends a difference as an operator decides, or has the decision wait for a second person.

    Raises:
        NoSuchDifference, DifferenceResolved, DifferenceWaits, ResolutionNotPossible, DayClosed, KeyReused.
    """

    async def act() -> str:
        allowance = await limits.of(operator_id, "adjustments", "books.close")
        day, found = await differences.locked(difference_no)
        _check_open(day, found)
        await _check_not_waiting(found)
        move = await _planned(found, wish)
        whose = move.customer_id
        about = f"difference:{found.id}" if whose is None else accounts.of_customer(whose)
        alone = not approvals.needed(found.at_stake_fen)
        if alone and await allowance.takes(found.at_stake_fen, about):
            await _end(day, found, wish, move, operator_id)
            return ""
        approval_no = await approvals.request(
            "difference", {"difference_no": difference_no, **asdict(wish)},
            amount_fen=found.at_stake_fen, reason=wish.reason, operator_id=operator_id, customer_id=move.customer_id,
        )  # fmt: skip
        await db.execute(_WAITS, found.id, approval_no)
        who = f"operator:{operator_id}"
        await history.add(
            day.id, "approval_asked", who, difference_id=found.id, approval_no=approval_no, **asdict(wish)
        )
        return approval_no

    made = await idempotency.alone(
        caller=f"operator:{operator_id}", operation="differences.resolve", key=key,
        content={"difference_no": difference_no, **asdict(wish)}, act=act,
    )  # fmt: skip
    return Outcome(await differences.get(difference_no), made or None)


async def _approved(approval: approvals.Approval) -> str:
    params = dict(approval.params)
    difference_no = params.pop("difference_no")
    day, found = await differences.locked(difference_no)
    _check_open(day, found)
    if found.at_stake_fen > approval.amount_fen:
        raise ResolutionNotPossible(why="at_stake")
    wish = Wish(**params)
    await _end(day, found, wish, await _planned(found, wish), approval.requested_by, approval.approval_no)
    return str(difference_no)


approvals.register("difference", _approved, "adjustments")

_WAITING = (
    "SELECT EXISTS (SELECT FROM approval WHERE approval_no = $1 AND state = 'waiting' AND expires_at > $2)"
)


def _check_open(day: days.Day, found: Difference) -> None:
    if found.state == "resolved":
        raise differences.DifferenceResolved(difference_no=found.difference_no)
    if day.state == "closed":
        raise days.DayClosed(channel=day.channel, day=day.day)


async def _check_not_waiting(found: Difference) -> None:
    if found.approval_no and await db.fetchval(_WAITING, found.approval_no, clock.now()):
        raise DifferenceWaits(difference_no=found.difference_no, approval_no=found.approval_no)


@dataclass(frozen=True, slots=True)
class _Move:
    """What a decision moves: positive, what the channel holds for us more than the books said; and to whom."""

    amount_fen: int = 0
    customer_id: int | None = None


def ways(found: Difference) -> tuple[Resolution, ...]:
    """How a difference may be decided on as things stand; what is worth offering."""
    if found.state == "resolved":
        return ()
    return tuple(one for one in get_args(Resolution) if _why_not(found, one) is None)


def _why_not(found: Difference, resolution: Resolution) -> Why | None:
    if resolution == "ignore":
        return None
    if found.ours_state == "quarantined":
        return "quarantined"
    is_unknown = found.kind == "missing_here" and found.subject == "payment"
    if is_unknown or found.ours_state in ("created", "prepared", "closed", "open", "abnormal"):
        return "not_confirmed"
    held_fen, is_credit = _held_more(found), resolution != "adjust"
    if not held_fen or (is_credit and (held_fen < 0 or found.subject == "refund")):
        return "nothing_to_move"
    return None


async def _planned(found: Difference, wish: Wish) -> _Move:
    why_not = _why_not(found, wish.resolution)
    if why_not is not None:
        raise ResolutionNotPossible(why=why_not)
    if wish.resolution == "ignore":
        return _Move()
    if wish.resolution == "send_back":
        await _check_sent_back(found, wish)
    is_credit = wish.resolution != "adjust"
    return _Move(_held_more(found), await _payer(found) if is_credit else None)


def _held_more(found: Difference) -> int:
    """How much more than the books say the channel holds for us; negative: less."""
    ours_fen, theirs_fen = found.ours_fen or 0, found.theirs_fen or 0
    if found.kind not in ("missing_here", "missing_there", "amount", "duplicate", "refund"):
        return 0
    if found.kind == "refund":
        went_here, went_there = found.ours_state == "paid", found.theirs_state == "paid_back"
        ours_fen, theirs_fen = ours_fen if went_here else 0, theirs_fen if went_there else 0
    more_fen = theirs_fen - ours_fen
    return more_fen if found.subject == "payment" else -more_fen


_PAYER = "SELECT customer_id FROM payment WHERE payment_no = $1 AND channel = $2"


async def _payer(found: Difference) -> int:
    payer_id = await db.fetchval(_PAYER, found.payment_no, found.channel)
    if payer_id is None:
        raise ResolutionNotPossible(why="not_confirmed")
    return int(payer_id)


_SENT_BACK = """
SELECT EXISTS (
    SELECT FROM refund r JOIN refund_part p ON p.refund_id = r.id
    WHERE r.refund_no = $1 AND p.payment_no = $2 AND p.tender = $3 AND p.state = 'paid' AND p.amount_fen >= $4)
"""

_USED = "SELECT EXISTS (SELECT FROM difference WHERE sent_back_by = $1)"


async def _check_sent_back(found: Difference, wish: Wish) -> None:
    is_refunded = wish.refund_no and await db.fetchval(
        _SENT_BACK, wish.refund_no, found.payment_no, found.channel, found.at_stake_fen
    )
    if not is_refunded:
        raise ResolutionNotPossible(why="refund_missing")
    if await db.fetchval(_USED, wish.refund_no):
        raise ResolutionNotPossible(why="refund_used")


_END = """
UPDATE difference SET state = 'resolved', resolution = $2, reason = $3, resolved_by = $4, approval_no = $5, transfer_reference = $6,
    resolved_at = $7, ask_at = NULL, sent_back_by = $8
WHERE id = $1
"""


async def _end(
    day: days.Day,
    found: Difference,
    wish: Wish,
    move: _Move,
    operator_id: int,
    approval_no: str | None = None,
) -> None:
    who = f"operator:{operator_id}"
    reference = f"difference:{found.difference_no}" if wish.resolution != "ignore" else None
    if reference is not None:
        await _move(found, wish, move, reference, who)
    await db.execute(
        _END,
        found.id,
        wish.resolution,
        wish.reason,
        who,
        approval_no,
        reference,
        clock.now(),
        wish.refund_no if wish.resolution == "send_back" else None,
    )
    await history.add(
        day.id, "resolved", who, difference_id=found.id, approval_no=approval_no, **asdict(wish)
    )
    await days.compare_soon(day.id)


async def _move(found: Difference, wish: Wish, move: _Move, reference: str, who: str) -> None:
    clearing = accounts.clearing(found.channel)
    if move.customer_id is None:
        sides = (clearing, accounts.ADJUSTMENT)
        source, target = sides if move.amount_fen > 0 else reversed(sides)
        leg = posting.between_houses(source, target, abs(move.amount_fen))
        await posting.post_one(
            posting.Transfer(reference, "difference_adjustment", [leg], operator=who, memo=wish.reason)
        )
        return
    leg = posting.credit(clearing, accounts.of_customer(move.customer_id), move.amount_fen, kind="principal")

    def told(posted: posting.Posted) -> outbox.Message:
        params = {
            "amount_fen": move.amount_fen,
            "reason": wish.reason,
            "available_fen": posted.available_after_fen,
            "at": clock.now(),
        }
        return outbox.Message(move.customer_id or 0, "adjusted", posted.reference, params)

    transfer = posting.Transfer(reference, "difference_credit", [leg], operator=who, memo=wish.reason)
    await credits.credit(move.customer_id, transfer, told=told)
