"""Attempts to be paid through a channel, as they are recorded: one row each, with a number that is never used again.

What a channel says of them is ``billing.payments``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from billing.channels import OpenChannel
from core import clock, db, errors, ids, money


class PayerUnknown(errors.Conflict):
    """Paying this way needs the customer's openid in the mini-program, and we do not have it; sign in there first."""

    code = "payer_unknown"


Purpose = Literal["top_up", "bill"]

_NEEDS_ADDRESS = frozenset({"h5"})
"""Here the channel wants to know the address that the cashier will be opened from."""
_NEEDS_PAYER = frozenset({"jsapi"})
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
    """One attempt to be paid through a channel. ``client`` is what the customer's SDK needs, once prepared."""

    id: int
    payment_no: str
    customer_id: int
    purpose: str
    purpose_no: str
    channel: str
    method: str
    amount_fen: int
    payer: str | None
    client_ip: str | None
    state: str
    client: dict[str, str] | None
    created_at: datetime
    expires_at: datetime

    @property
    def is_open(self) -> bool:
        return self.state in ("created", "prepared")


_NAMES = (
    "id", "payment_no", "customer_id", "purpose", "purpose_no", "channel", "method", "amount_fen", "payer", "client_ip", "state", "client",
    "created_at", "expires_at",
)  # fmt: skip


def columns(table: str) -> str:
    """The columns ``of_row`` reads, of the payment table under this alias."""
    return ", ".join(f"{table}.client::text" if name == "client" else f"{table}.{name}" for name in _NAMES)


def of_row(row: tuple[Any, ...]) -> Payment:
    """A payment from the columns of ``columns``, in their order."""
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    return Payment(**{**values, "client": json.loads(values["client"]) if values["client"] else None})


_CREATE = """
INSERT INTO payment (payment_no, customer_id, purpose, purpose_no, channel, method, amount_fen, currency, app_id, merchant_id,
                     payer, client_ip, state, created_at, expires_at, ask_at, asks)
VALUES ($1, $2, $14, $3, $4, $5, $6, $7, $8, $9, $10, $15, 'created', $11, $12, $13, 0)
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
    client_ip: str | None = None,
) -> None:
    """Records the intent to be paid, before the channel hears of it; part of the caller's transaction.

    ``purpose_no`` is the number of the top-up or, for a bill, of the combined payment; ``client_ip`` the customer's address,
    kept only where the channel wants it.
    """
    now = clock.now()
    await db.execute(
        _CREATE, ids.new_no("P"), customer_id, purpose_no, opened.channel.name, method, amount_fen, money.CURRENCY,
        opened.app_id, opened.merchant_id, payer, now, expires_at, now + FIRST_QUESTION, purpose, client_ip if method in _NEEDS_ADDRESS else None,
    )  # fmt: skip
