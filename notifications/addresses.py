"""Addresses: the phone number and e-mail address a customer can be reached at outside WeChat."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core import clock, db, errors, masks, sealed

Where = Literal["sms", "email"]
ConfirmedBy = Literal["code", "wechat"]


class AddressNotUsable(errors.Invalid):
    """Not a mobile number of mainland China, or one with + and its country's code; not an e-mail address."""

    code = "address_not_usable"


@dataclass(frozen=True, slots=True)
class Address:
    """Where one channel reaches a customer. ``refusal``: why the other side said for good that nobody is there; then it is not
    used until it is set anew. ``confirmed_at``: when its owner showed that they read what is sent there, by a code, or by WeChat's word;
    what was only said gets no messages with money in them."""

    channel: Where
    address: str
    refusal: str | None
    set_by: str
    set_at: datetime
    confirmed_at: datetime | None = None

    @property
    def masked(self) -> str:
        """As its owner recognises it and nobody else can use it."""
        return mask(self.channel, self.address)


_MAINLAND = re.compile(r"1[3-9]\d{9}", re.ASCII)
_ABROAD = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_PREFIX = re.compile(r"^(?:\+86|0086|86)(?=1[3-9]\d{9}$)", re.ASCII)


def usable(channel: Where, given: str) -> str:
    """The address as it is kept.

    Raises:
        AddressNotUsable.
    """
    if channel == "sms":
        number = _PREFIX.sub("", re.sub(r"[\s-]", "", given))
        if not (_MAINLAND.fullmatch(number) or _ABROAD.fullmatch(number)):
            raise AddressNotUsable
        return number
    import email_validator  # its tables take a moment that most processes never need

    try:
        found = email_validator.validate_email(
            given.strip(), check_deliverability=False, allow_smtputf8=False
        )
    except email_validator.EmailNotValidError:
        raise AddressNotUsable from None
    return found.ascii_email or found.normalized


COLUMN = "message_address.address"
"""As which an address is sealed."""


def index(channel: Where, address: str) -> bytes:
    """What an address as it is kept is found by."""
    return sealed.index(address, channel)


_ALL = """
SELECT channel, address, refusal, set_by, set_at, confirmed_at FROM message_address WHERE customer_id = $1 ORDER BY channel
"""


async def of(customer_id: int) -> list[Address]:
    """All addresses of a customer.

    Raises:
        SealKeyMissing.
    """
    return [
        Address(channel, sealed.opened(token, COLUMN), *more)
        for channel, token, *more in await db.fetch(_ALL, customer_id)
    ]


_SET = """
INSERT INTO message_address AS a (customer_id, channel, address, set_by, set_at, confirmed_at, confirmed_by, address_index)
VALUES ($1, $2, $3, $4, $5, CASE WHEN $6::text IS NOT NULL THEN $5::timestamptz END, $6, $7)
ON CONFLICT (customer_id, channel) DO UPDATE SET address = $3, address_index = $7, set_by = $4, set_at = $5,
    refused_at = NULL, refusal = NULL,
    confirmed_at = CASE WHEN $6::text IS NOT NULL THEN $5::timestamptz WHEN a.address_index = $7 THEN a.confirmed_at END,
    confirmed_by = CASE WHEN $6::text IS NOT NULL THEN $6 WHEN a.address_index = $7 THEN a.confirmed_by END
"""


async def put(
    customer_id: int, channel: Where, given: str | None, *, by: str, confirmed_by: ConfirmedBy | None = None
) -> None:
    """Sets an address, in place of the one there was; None: takes it away. One that is confirmed stays so until it is another.

    Raises:
        AddressNotUsable.
    """
    if given is None:
        await db.execute(
            "DELETE FROM message_address WHERE customer_id = $1 AND channel = $2", customer_id, channel
        )
        return
    address = usable(channel, given)
    token = sealed.seal(address, COLUMN)
    await db.execute(
        _SET, customer_id, channel, token, by, clock.now(), confirmed_by, index(channel, address)
    )


_REFUSED = """
UPDATE message_address SET refused_at = $4, refusal = $5
WHERE customer_id = $1 AND channel = $2 AND address_index = $3 AND refused_at IS NULL
"""


async def refused(customer_id: int, channel: Where, address: str, why: str) -> None:
    """The other side says for good that nobody is there."""
    await db.execute(
        _REFUSED, customer_id, channel, index(channel, address), clock.now(), masks.within(why)[:200] or "-"
    )


def masked(found: Sequence[Address]) -> dict[str, str]:
    """The addresses as their owner may recognise and nobody else read them."""
    return {one.channel: one.masked for one in found}


def mask(channel: Where, address: str) -> str:
    """One address in the same way."""
    return masks.phone(address) if channel == "sms" else masks.email(address)
