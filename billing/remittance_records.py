"""Remittances as they are recorded: one row each, with a number that is never used again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Literal

from core import clock, db, errors, ids, sealed

Purpose = Literal["refund", "closing"]


class NoSuchRemittance(errors.NotFound):
    """There is no remittance of this number."""

    code = "no_such_remittance"


@dataclass(frozen=True, slots=True)
class Remittance:
    """Money sent to a customer through a channel. ``open``: the channel is asked to take it; ``waiting``: it did, the customer has
    to confirm or it is on its way; ``paid``: they have it; ``failed``: it did not move. ``purpose_no`` is the number of the
    refund's part or of the closing; ``is_stopping``: an operator wants it back; ``payee_name``: their real name, sealed as ``PAYEE_NAME``."""

    id: int
    remittance_no: str
    customer_id: int
    purpose: Purpose
    purpose_no: str
    channel: str
    payee: str
    payee_name: str | None
    amount_fen: int
    remark: str
    state: str
    is_stopping: bool
    package_info: str | None
    channel_bill_no: str | None
    last_answer: str | None
    operator_id: int
    created_at: datetime
    asks: int
    ended_at: datetime | None

    @property
    def is_under_way(self) -> bool:
        return self.state in ("open", "waiting")


PAYEE_NAME = "remittance.payee_name"
_NAMES = ", ".join(field.name for field in fields(Remittance))
_CREATE = f"""
INSERT INTO remittance (remittance_no, customer_id, purpose, purpose_no, channel, payee, payee_name, amount_fen, remark, state,
                        is_stopping, operator_id, created_at, ask_at, asks)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', false, $10, $11, $12, 0) RETURNING {_NAMES}
"""


def new_no() -> str:
    """A number for a remittance; the channel takes letters and digits only."""
    return ids.new_no("W")


async def create(
    remittance_no: str,
    *,
    customer_id: int,
    purpose: Purpose,
    purpose_no: str,
    channel: str,
    payee: str,
    payee_name: str | None,
    amount_fen: int,
    remark: str,
    operator_id: int,
    ask_at: datetime,
) -> None:
    """Writes one down before the channel hears of it; part of the caller's transaction."""
    await db.fetchrow(
        _CREATE, remittance_no, customer_id, purpose, purpose_no, channel, payee, sealed.seal_if_any(payee_name, PAYEE_NAME), amount_fen, remark,
        operator_id, clock.now(), ask_at,
    )  # fmt: skip


_GET = f"SELECT {_NAMES} FROM remittance WHERE remittance_no = $1"


async def get(remittance_no: str) -> Remittance:
    """One remittance.

    Raises:
        NoSuchRemittance: there is none of this number.
    """
    found = await perhaps(remittance_no)
    if found is None:
        raise NoSuchRemittance(remittance_no=remittance_no)
    return found


async def perhaps(remittance_no: str, *, lock: bool = False) -> Remittance | None:
    """The same, or None; with ``lock`` nothing about it changes before the transaction ends."""
    row = await db.fetchrow(f"{_GET} FOR NO KEY UPDATE" if lock else _GET, remittance_no)
    return None if row is None else Remittance(*row)


_UNDER_WAY = f"""
SELECT {_NAMES} FROM remittance WHERE purpose = $1 AND purpose_no = $2 AND state IN ('open', 'waiting')
"""


async def under_way(purpose: Purpose, purpose_no: str) -> Remittance | None:
    """The one that is under way for this part or closing."""
    row = await db.fetchrow(_UNDER_WAY, purpose, purpose_no)
    return None if row is None else Remittance(*row)


_LATER = """
UPDATE remittance SET ask_at = $2, last_answer = $3, asks = asks + 1, channel_bill_no = coalesce($4, channel_bill_no),
    state = CASE WHEN $5 THEN 'waiting' ELSE state END, package_info = coalesce($6, package_info)
WHERE remittance_no = $1 AND state IN ('open', 'waiting')
"""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 30, 1_800


async def ask_later(
    remittance: Remittance,
    answer: str,
    *,
    channel_bill_no: str | None = None,
    is_known: bool = False,
    package_info: str | None = None,
) -> None:
    """No end yet: the clock asks again, later and later. ``is_known``: the channel has it."""
    pause_s = min(_FIRST_PAUSE_S * 2 ** min(remittance.asks, 10), _LONGEST_PAUSE_S)
    at = clock.now() + timedelta(seconds=pause_s)
    await db.execute(
        _LATER, remittance.remittance_no, at, answer[:200], channel_bill_no, is_known, package_info
    )


_END = """
UPDATE remittance SET state = $2, ended_at = $3, ask_at = NULL, last_answer = $4, package_info = NULL,
    channel_bill_no = coalesce($5, channel_bill_no)
WHERE id = $1 AND state IN ('open', 'waiting')
"""


async def end(
    remittance: Remittance, state: Literal["paid", "failed"], answer: str, channel_bill_no: str | None
) -> None:
    """The channel's word is definite."""
    assert await db.execute(_END, remittance.id, state, clock.now(), answer[:200], channel_bill_no)


_STOP = """
UPDATE remittance SET is_stopping = true, ask_at = $2 WHERE remittance_no = $1 AND state IN ('open', 'waiting')
"""


async def stop(remittance_no: str, *, ask_at: datetime) -> bool:
    """An operator wants it back. False when it has ended."""
    return bool(await db.execute(_STOP, remittance_no, ask_at))


_SOON = "UPDATE remittance SET ask_at = $2 WHERE remittance_no = $1 AND state IN ('open', 'waiting')"


async def ask_soon(remittance_no: str) -> None:
    """Lets the clock ask at its next tick."""
    await db.execute(_SOON, remittance_no, clock.now())


_CLAIM = """
WITH due AS (
    SELECT id FROM remittance WHERE ask_at <= $1 ORDER BY ask_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE remittance SET ask_at = $3 FROM due WHERE remittance.id = due.id RETURNING remittance.remittance_no
"""


async def claim(*, limit: int, until: datetime) -> list[str]:
    """Numbers of those whose time to be asked about has come; nobody else is given them before ``until``."""
    return [row["remittance_no"] for row in await db.fetch(_CLAIM, clock.now(), limit, until)]


_PAGE = f"""
SELECT {_NAMES} FROM remittance
WHERE id < $1 AND ($2::text IS NULL OR state = $2) AND ($3::bigint IS NULL OR customer_id = $3)
  AND ($4::text IS NULL OR purpose = $4 AND purpose_no = $5)
ORDER BY id DESC LIMIT $6
"""


async def page(
    *,
    state: str | None = None,
    customer_id: int | None = None,
    of: tuple[Purpose, str] | None = None,
    before: int | None = None,
    limit: int = 20,
) -> list[Remittance]:
    """Remittances, newest first: all, those in a state, of a customer, or for one part of a refund or closing."""
    purpose, purpose_no = of or (None, None)
    after = before if before is not None else 2**62
    return [
        Remittance(*row)
        for row in await db.fetch(_PAGE, after, state, customer_id, purpose, purpose_no, limit)
    ]


_WAITING = f"""
SELECT {_NAMES} FROM remittance WHERE payee = $1 AND state = 'waiting' AND package_info IS NOT NULL ORDER BY id
"""


async def waiting_for(payee: str) -> Sequence[Remittance]:
    """What waits for this person to confirm it."""
    return [Remittance(*row) for row in await db.fetch(_WAITING, payee)]
