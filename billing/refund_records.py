"""Refund records: what was decided to go back, in which parts, and how each part stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Literal

from core import clock, db, errors, ids

Kind = Literal["bill", "top_up"]


CHANNEL_YEAR = timedelta(days=365)
"""Older payments no channel pays back (WeChat Pay and Alipay: one year): the counter does."""


class NoSuchRefund(errors.NotFound):
    """There is no refund of this number."""

    code = "no_such_refund"


class RefundStateForbids(errors.Conflict):
    """The refund's state does not allow this step."""

    code = "refund_state_forbids"


@dataclass(frozen=True, slots=True)
class Part:
    """An amount that goes back the way one payment came. ``waiting``: a person has to act; ``open``: the channel is asked;
    ``sending``: it is on its way to the customer by a remittance; ``credited``: it went to the balance instead."""

    id: int
    refund_id: int
    part_no: str
    bill_payment_id: int | None
    tender: str
    payment_no: str | None
    amount_fen: int
    state: str
    channel_refund_no: str | None
    last_answer: str | None
    asks: int
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Refund:
    """Money on its way back, with its parts. ``subject_no`` is the bill's or the top-up's number."""

    id: int
    refund_no: str
    customer_id: int
    kind: Kind
    subject_no: str
    amount_fen: int
    bonus_fen: int
    reason: str
    rule: str | None
    operator: str
    decided_by: str | None
    retry_of: str | None
    state: str
    created_at: datetime
    ended_at: datetime | None
    closing_no: str | None = None
    """The closing it is part of."""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class NewPart:
    """A part to be recorded. ``ask_at`` says when the clock takes it to the channel."""

    tender: str
    amount_fen: int
    state: str
    payment_no: str | None = None
    bill_payment_id: int | None = None
    ask_at: datetime | None = None


_PART = ", ".join(field.name for field in fields(Part))
_REFUND = ", ".join(field.name for field in fields(Refund) if field.name != "parts")

_CREATE = """
INSERT INTO refund (refund_no, customer_id, kind, subject_no, amount_fen, bonus_fen, reason, rule, operator, decided_by,
                    retry_of, state, created_at, closing_no)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id
"""
_CREATE_PARTS = f"""
INSERT INTO refund_part (part_no, refund_id, bill_payment_id, tender, payment_no, amount_fen, state, ask_at, asks, ended_at)
SELECT part_no, $1, bill_payment_id, tender, payment_no, amount_fen, state, ask_at, 0, CASE state WHEN 'paid' THEN $9::timestamptz END
FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::timestamptz[])
     AS p (part_no, bill_payment_id, tender, payment_no, amount_fen, state, ask_at)
RETURNING {_PART}
"""


async def create(
    *,
    customer_id: int,
    kind: Kind,
    subject_no: str,
    reason: str,
    operator: str,
    state: str,
    parts: Sequence[NewPart],
    bonus_fen: int = 0,
    rule: str | None = None,
    decided_by: str | None = None,
    retry_of: str | None = None,
    closing_no: str | None = None,
) -> Refund:
    """Writes a refund down, in the caller's transaction. Parts are numbered in the given order."""
    refund_no, now = ids.new_no("R"), clock.now()
    amount_fen = sum(part.amount_fen for part in parts)
    refund_id = await db.fetchval(
        _CREATE, refund_no, customer_id, kind, subject_no, amount_fen, bonus_fen, reason, rule, operator, decided_by,
        retry_of, state, now, closing_no,
    )  # fmt: skip
    numbers = [f"{refund_no}_{nth}" for nth in range(1, len(parts) + 1)]
    rows = await db.fetch(
        _CREATE_PARTS, refund_id, numbers,
        [part.bill_payment_id for part in parts], [part.tender for part in parts], [part.payment_no for part in parts],
        [part.amount_fen for part in parts], [part.state for part in parts], [part.ask_at for part in parts], now,
    )  # fmt: skip
    made = sorted((Part(*row) for row in rows), key=lambda part: numbers.index(part.part_no))
    return Refund(
        refund_id, refund_no, customer_id, kind, subject_no, amount_fen, bonus_fen, reason, rule, operator,
        decided_by, retry_of, state, now, None, closing_no, tuple(made),
    )  # fmt: skip


_END_PART = """
UPDATE refund_part SET state = $2, ended_at = $3, ask_at = NULL WHERE id = $1 AND state IN ('waiting', 'open', 'abnormal', 'sending')
"""
_END = """
UPDATE refund SET ended_at = $2,
    state = CASE WHEN EXISTS (SELECT FROM refund_part WHERE refund_id = $1 AND state = 'failed') THEN 'failed' ELSE 'paid' END
WHERE id = $1 AND state = 'open'
  AND NOT EXISTS (SELECT FROM refund_part WHERE refund_id = $1 AND state IN ('waiting', 'open', 'abnormal', 'sending'))
"""
_REJECT = "UPDATE refund SET state = 'rejected', decided_by = $2, ended_at = $3 WHERE id = $1 AND state = 'requested'"


async def end_part(part: Part, state: Literal["paid", "failed", "credited"]) -> None:
    """A part has its outcome; the last one ends the refund. The caller has locked the bill or the top-up."""
    assert await db.execute(_END_PART, part.id, state, clock.now()), f"refund part {part.part_no} has ended"
    await close(part.refund_id)


async def close(refund_id: int) -> None:
    """Ends a refund whose parts have all ended."""
    await db.execute(_END, refund_id, clock.now())


async def reject(refund: Refund, *, decided_by: str) -> None:
    """A requested refund is turned down; its parts are ended by the caller."""
    await db.execute(_REJECT, refund.id, decided_by, clock.now())


_APPROVE = "UPDATE refund SET state = 'open', decided_by = $2 WHERE id = $1 AND state = 'requested'"
_START_PARTS = """
UPDATE refund_part SET state = 'open', ask_at = $2, last_answer = NULL
WHERE refund_id = $1 AND payment_no IS NOT NULL AND state IN ('waiting', 'abnormal')
"""


async def approve(refund: Refund, *, decided_by: str, ask_at: datetime) -> None:
    """A requested refund goes ahead: what goes back through a channel is taken there."""
    await db.execute(_APPROVE, refund.id, decided_by)
    await start(refund, ask_at=ask_at)


async def start(refund: Refund, *, ask_at: datetime) -> int:
    """Lets the clock take parts to the channel that waited or were stuck. Returns how many."""
    return await db.execute(_START_PARTS, refund.id, ask_at)


_ABNORMAL = """
UPDATE refund_part SET state = 'abnormal', ask_at = NULL, last_answer = $2, channel_refund_no = coalesce($3, channel_refund_no)
WHERE id = $1 AND state = 'open'
"""


async def set_abnormal(part: Part, answer: str, channel_refund_no: str | None) -> None:
    """The channel is stuck with a part: an operator has to decide."""
    await db.execute(_ABNORMAL, part.id, answer[:200], channel_refund_no)


_TO_COUNTER = """
UPDATE refund_part SET tender = 'counter', payment_no = NULL, state = 'waiting', last_answer = left('was with ' || tender || ': '
    || coalesce(last_answer, ''), 200)
WHERE refund_id = $1 AND state = 'abnormal'
"""


async def to_counter(refund: Refund) -> int:
    """What the channel is stuck with waits at the counter instead. Returns how many parts that are."""
    return await db.execute(_TO_COUNTER, refund.id)


_SENDING = "UPDATE refund_part SET state = $2 WHERE id = $1 AND state = $3"


async def set_sending(part: Part) -> None:
    """What the counter would pay is sent to the customer instead (``billing.remittances``)."""
    assert await db.execute(_SENDING, part.id, "sending", "waiting"), f"refund part {part.part_no} waits"


async def set_waiting(part: Part) -> None:
    """It could not be sent: the counter has to pay after all."""
    assert await db.execute(_SENDING, part.id, "waiting", "sending"), f"refund part {part.part_no} was sent"


_ASK_LATER = """
UPDATE refund_part SET ask_at = $2, last_answer = $3, asks = asks + 1, channel_refund_no = coalesce($4, channel_refund_no)
WHERE part_no = $1 AND state = 'open'
"""


async def ask_later(part_no: str, *, at: datetime, answer: str, channel_refund_no: str | None = None) -> None:
    """The outcome is not known yet: the clock asks again at that time."""
    await db.execute(_ASK_LATER, part_no, at, answer[:200], channel_refund_no)


_CLAIM = """
WITH due AS (
    SELECT id FROM refund_part WHERE ask_at <= $1 ORDER BY ask_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE refund_part SET ask_at = $3 FROM due WHERE refund_part.id = due.id RETURNING refund_part.part_no
"""


async def claim(*, limit: int, until: datetime) -> list[str]:
    """Numbers of parts whose time to be asked about has come; nobody else is given them before ``until``."""
    return [row["part_no"] for row in await db.fetch(_CLAIM, clock.now(), limit, until)]


_OF_PART = "SELECT refund_id FROM refund_part WHERE part_no = $1"
_BY_ID = f"SELECT {_REFUND} FROM refund WHERE id = $1"
_BY_NO = f"SELECT {_REFUND} FROM refund WHERE refund_no = $1"
_PARTS = f"SELECT {_PART} FROM refund_part WHERE refund_id = ANY ($1::bigint[]) ORDER BY id"


async def of_part(part_no: str) -> tuple[Refund, Part] | None:
    """The part of this number with its refund, as they stand now."""
    refund_id = await db.fetchval(_OF_PART, part_no)
    row = None if refund_id is None else await db.fetchrow(_BY_ID, refund_id)
    if row is None:
        return None
    (refund,) = await _with_parts([Refund(*row)])
    return refund, next(part for part in refund.parts if part.part_no == part_no)


async def get(refund_no: str) -> Refund:
    """One refund.

    Raises:
        NoSuchRefund: there is none of this number.
    """
    row = await db.fetchrow(_BY_NO, refund_no)
    if row is None:
        raise NoSuchRefund(refund_no=refund_no)
    (refund,) = await _with_parts([Refund(*row)])
    return refund


_RETRIED = "SELECT refund_no FROM refund WHERE retry_of = $1"


async def retried_as(refund_no: str) -> str | None:
    """Number of the refund that makes a failed one good, if there is one."""
    number = await db.fetchval(_RETRIED, refund_no)
    return None if number is None else str(number)


_OF_CLOSING = f"SELECT {_REFUND} FROM refund WHERE closing_no = $1 ORDER BY id"


async def of_closing(closing_no: str) -> list[Refund]:
    """The refunds a closing began with, in order."""
    return await _with_parts([Refund(*row) for row in await db.fetch(_OF_CLOSING, closing_no)])


_PAGE = f"""
SELECT {_REFUND} FROM refund
WHERE id < $1 AND ($2::text[] IS NULL OR state = ANY ($2)) AND ($3::bigint IS NULL OR customer_id = $3)
  AND ($4::text IS NULL OR (kind = $4 AND subject_no = $5))
ORDER BY id DESC LIMIT $6
"""


async def page(
    *,
    states: Sequence[str] | None = None,
    customer_id: int | None = None,
    subject: tuple[Kind, str] | None = None,
    before: int | None = None,
    limit: int = 20,
) -> list[Refund]:
    """Refunds, newest first: all, or those in some states, of a customer, of one bill or top-up."""
    kind, subject_no = subject or (None, None)
    after = before if before is not None else 2**62
    rows = await db.fetch(_PAGE, after, states, customer_id, kind, subject_no, limit)
    return await _with_parts([Refund(*row) for row in rows])


async def _with_parts(refunds: Sequence[Refund]) -> list[Refund]:
    if not refunds:
        return []
    rows = await db.fetch(_PARTS, [refund.id for refund in refunds])
    parts = [Part(*row) for row in rows]
    return [
        replace(refund, parts=tuple(part for part in parts if part.refund_id == refund.id))
        for refund in refunds
    ]
