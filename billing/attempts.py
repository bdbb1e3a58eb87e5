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
    """One attempt to be paid through a channel. ``client`` is what the customer's SDK needs, once prepared; ``place`` what
    was said of where the customer is (``payment_methods.Place.kept``)."""

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

    @property
    def is_open(self) -> bool:
        return self.state in ("created", "prepared")


_NAMES = (
    "id", "payment_no", "customer_id", "purpose", "purpose_no", "channel", "method", "amount_fen", "payer", "app_id", "state",
    "client", "client_ip", "place", "created_at", "expires_at",
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
) -> None:
    """Records the intent to be paid, before the channel hears of it; part of the caller's transaction.

    ``purpose_no`` is the number of the top-up or, for a bill, of the combined payment. ``app_id`` is the app that the trade
    will name, where it is not the channel's own; ``client_ip`` the customer's address, where the channel wants it.
    """
    now = clock.now()
    await db.execute(
        _CREATE, ids.new_no("P"), customer_id, purpose_no, opened.channel.name, method, amount_fen, money.CURRENCY,
        app_id or opened.app_id, opened.merchant_id, payer, now, expires_at, now + FIRST_QUESTION, purpose,
        client_ip, json.dumps(dict(place)) if place else None,
    )  # fmt: skip
