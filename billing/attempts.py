"""Attempts to be paid through a channel, as they are recorded: one row each, with a number that is never used again.

What a channel says of them is ``billing.payments``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from billing.channels import OpenChannel
from core import clock, db, errors, ids, money


class PayerUnknown(errors.Conflict):
    """Paying this way needs the customer's openid in the app they pay in, and we do not have it; sign in there first."""

    code = "payer_unknown"


Purpose = Literal["top_up", "bill"]
_HARDLY_LONG_ENOUGH = timedelta(seconds=30)

_NEEDS_PAYER = frozenset({"jsapi", "create"})
"""Only here do we know who will pay; a code or a link may be paid by anybody."""


def payer_for(method: str, openid: str | None) -> str | None:
    """Who has to pay by ``method``; None where anybody may.

    Raises:
        PayerUnknown: it has to be the customer, and we do not know them there.
    """
    if method not in _NEEDS_PAYER:
        return None
    if openid is None:
        raise PayerUnknown(method=method)
    return openid


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt to be paid through a channel. ``client`` is what the customer's SDK needs, once prepared, and works until
    ``client_until`` (None: as long as the attempt); ``place`` what was said of where the customer is
    (``payment_methods.Place.kept``). ``left_at``: the customer has begun another attempt at the same since then."""

    id: int
    payment_no: str
    customer_id: int
    purpose: str
    purpose_no: str
    channel: str
    method: str
    amount_fen: int
    payer: str | None
    app_id: str
    state: str
    client: dict[str, str] | None
    client_ip: str | None
    place: dict[str, str]
    created_at: datetime
    expires_at: datetime
    client_until: datetime | None
    left_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.state in ("created", "prepared")

    @property
    def is_stale(self) -> bool:
        """Whether what the customer was given to pay with works no more, or hardly long enough to be used."""
        return self.client_until is not None and self.client_until <= clock.now() + _HARDLY_LONG_ENOUGH


_NAMES = (
    "id", "payment_no", "customer_id", "purpose", "purpose_no", "channel", "method", "amount_fen", "payer", "app_id", "state",
    "client", "client_ip", "place", "created_at", "expires_at", "client_until", "left_at",
)  # fmt: skip

_JSON = frozenset({"client", "place"})


def columns(table: str) -> str:
    """The columns ``of_row`` reads, of the payment table under this alias."""
    return ", ".join(f"{table}.{name}::text" if name in _JSON else f"{table}.{name}" for name in _NAMES)


def of_row(row: tuple[Any, ...]) -> Payment:
    """A payment from the columns of ``columns``, in their order."""
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    client, place = values["client"], values["place"]
    return Payment(
        **{
            **values,
            "client": json.loads(client) if client else None,
            "place": json.loads(place) if place else {},
        }
    )


_CREATE = """
INSERT INTO payment (payment_no, customer_id, purpose, purpose_no, channel, method, amount_fen, currency, app_id, merchant_id,
                     payer, state, created_at, expires_at, ask_at, asks, client_ip, place)
VALUES ($1, $2, $14, $3, $4, $5, $6, $7, $8, $9, $10, 'created', $11, $12, $13, 0, $15, $16::jsonb)
"""
FIRST_QUESTION = timedelta(seconds=30)
"""So long after an attempt was made the clock asks about it for the first time."""


async def create(
    opened: OpenChannel,
    *,
    customer_id: int,
    purpose: Purpose,
    purpose_no: str,
    method: str,
    amount_fen: int,
    payer: str | None,
    expires_at: datetime,
    app_id: str | None = None,
    client_ip: str | None = None,
    place: Mapping[str, str] | None = None,
) -> str:
    """Records the intent to be paid, before the channel hears of it; part of the caller's transaction. Returns its number.

    ``purpose_no`` is the number of the top-up or, for a bill, of the combined payment. ``app_id`` is the app that the trade
    will name, where it is not the channel's own; ``client_ip`` the customer's address, where the channel wants it.
    """
    payment_no, now = ids.new_no("P"), clock.now()
    await db.execute(
        _CREATE, payment_no, customer_id, purpose_no, opened.channel.name, method, amount_fen, money.CURRENCY,
        app_id or opened.app_id, opened.merchant_id, payer, now, expires_at, now + FIRST_QUESTION, purpose,
        client_ip, json.dumps(dict(place)) if place else None,
    )  # fmt: skip
    return payment_no


_OF = "FROM payment p WHERE p.purpose = $1 AND p.purpose_no = $2 AND p.customer_id = $3 ORDER BY p.id"


async def of(purpose: Purpose, purpose_no: str, customer_id: int) -> list[Payment]:
    """All attempts at something of a customer's, the oldest first."""
    rows = await db.fetch(f"SELECT {columns('p')} {_OF}", purpose, purpose_no, customer_id)
    return [of_row(tuple(row)) for row in rows]


async def locked(purpose: Purpose, purpose_no: str, customer_id: int) -> list[Payment]:
    """The same, locked until the transaction ends: before what they are for is."""
    rows = await db.fetch(f"SELECT {columns('p')} {_OF} FOR NO KEY UPDATE", purpose, purpose_no, customer_id)
    return [of_row(tuple(row)) for row in rows]


_LEAVE = "UPDATE payment SET left_at = $2, ask_at = $2, asks = 0 WHERE payment_no = $1 AND left_at IS NULL"


async def leave(payment_no: str) -> None:
    """The customer chooses another attempt than this open one: the clock closes it at its channel, unless somebody does before."""
    await db.execute(_LEAVE, payment_no, clock.now())


_LOCK_TOP_UP = "SELECT FROM top_up WHERE top_up_no = $1 FOR NO KEY UPDATE"
_CLOSE_TOP_UP = """
UPDATE top_up SET state = 'closed' WHERE top_up_no = $1 AND state = 'pending' AND NOT EXISTS (
    SELECT FROM payment p WHERE p.purpose = 'top_up' AND p.purpose_no = $1 AND (
        p.state IN ('created', 'prepared') OR p.state = 'quarantined' AND EXISTS (
            SELECT FROM quarantine q WHERE q.payment_no = p.payment_no AND q.channel = p.channel AND q.state <> 'resolved')))
"""


async def close_top_up(top_up_no: str) -> None:
    """Closes an unpaid top-up once none of its attempts can be paid any more, nor waits for an operator; part of the transaction
    that ended one of them. Locked first: of the last two that end at once the second sees that the first has."""
    await db.execute(_LOCK_TOP_UP, top_up_no)
    await db.execute(_CLOSE_TOP_UP, top_up_no)


_TRACES = (
    "SELECT channel_trade_no, asks, ask_at, left_at, paid_at, ended_at FROM payment WHERE payment_no = $1"
)


async def traces(payment_no: str) -> dict[str, Any]:
    """What the attempt of this number has left at its channel, and when it ended; it has to exist."""
    row = await db.fetchrow(_TRACES, payment_no)
    assert row is not None
    return dict(row)


_AT_THE_SAME = f"""
SELECT {columns("p")} FROM payment p WHERE p.purpose = $1 AND p.purpose_no = $2 ORDER BY p.id DESC LIMIT $3
"""
_MOST_SHOWN = 50


async def at_the_same(payment: Payment) -> list[Payment]:
    """All attempts at what one is for, it too, the newest first."""
    rows = await db.fetch(_AT_THE_SAME, payment.purpose, payment.purpose_no, _MOST_SHOWN)
    return [of_row(tuple(row)) for row in rows]
