"""Confirming 验证联系方式: that who says a phone number or an e-mail address is theirs also reads what is sent there.

By a code of six digits, kept only as a salted hash, good for ten minutes and five tries, or by the number that WeChat itself has. Until
then nothing that speaks of money is sent there (``notifications.letters``).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from core import clock, db, errors, sealed
from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from members import customers
from members.sign_in import WeChatUnavailable
from notifications import addresses, codes
from notifications.addresses import Where

LIFE = timedelta(minutes=10)
TRIES_MOST = 5
_DIGITS = 6
_PAUSE = timedelta(minutes=1)
_LIMITS = (
    ("address", timedelta(days=1), 5),
    ("customer", timedelta(days=1), 10),
    ("client", timedelta(hours=1), 20),
)
"""So many codes go out in so long to one address, for one customer, and at the wish of one place of the network."""
_QUEUE = 0x59434F44
_COLUMN = "address_code.address"


class AddressNotConfirmable(errors.Conflict):
    """The shop sends no codes that way."""

    code = "address_not_confirmable"


class CodeTooOften(errors.Conflict):
    """Codes are sent once a minute, and not too many in a day."""

    code = "address_code_too_often"


class CodeNotSent(errors.Unavailable):
    """The code could not be sent there; check the address, or try again later."""

    code = "address_code_not_sent"


class CodeOver(errors.Conflict):
    """There is no code to enter: it is over, was used, or was replaced by another. Ask for a new one."""

    code = "address_code_over"


class CodeWrong(errors.Invalid):
    """It is another code."""

    code = "address_code_wrong"


class CodeTriedTooOften(errors.Conflict):
    """Too many wrong ones were entered; ask for a new code."""

    code = "address_code_tried_too_often"


class PhoneCodeRefused(errors.Invalid):
    """WeChat does not accept the code of the phone number: used, over or made up. Tap the button again."""

    code = "phone_code_refused"


class PhonePlatform(Protocol):
    """The mini-program's server side; ``gateways.wechat.MiniProgram`` is one."""

    async def phone_number(self, code: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """A code that is on its way."""

    channel: Where
    address: str
    ends_at: datetime
    again_at: datetime
    """When the next one can be asked for."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for a code: the customer, from where in the network (an address, or a net of them), in which language."""

    customer_id: int
    client: str
    locale: str


_LOCK = "SELECT pg_advisory_xact_lock($1, hashtext(k)) FROM (SELECT unnest($2::text[]) AS k ORDER BY 1) keys"
_LATELY = {
    "address": "SELECT sent_at FROM address_code WHERE address_index = $1 AND sent_at > $2 ORDER BY sent_at DESC LIMIT $3",
    "customer": "SELECT sent_at FROM address_code WHERE customer_id = $1 AND sent_at > $2 ORDER BY sent_at DESC LIMIT $3",
    "client": "SELECT sent_at FROM address_code WHERE client = $1 AND sent_at > $2 ORDER BY sent_at DESC LIMIT $3",
}
_REPLACE = (
    "UPDATE address_code SET ended_at = $3 WHERE customer_id = $1 AND channel = $2 AND ended_at IS NULL"
)
_ADD = """
INSERT INTO address_code (customer_id, channel, address, client, code_hash, tries, sent_at, ends_at, address_index)
VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8) RETURNING id
"""
_END = "UPDATE address_code SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL"


async def send(senders: codes.Senders, asking: Asking, channel: Where, given: str) -> Sent:
    """Sends a code to an address; one that was sent before for this channel is no longer good.

    Raises:
        AddressNotUsable, AddressNotConfirmable, CodeTooOften, CodeNotSent.
    """
    sender = senders.get(channel)
    if sender is None:
        raise AddressNotConfirmable
    address = addresses.usable(channel, given)
    code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"
    number, now = await _kept(asking, channel, address, await asyncio.to_thread(_hashed, code))
    try:
        minutes = LIFE // timedelta(minutes=1)
        await sender.send(
            address, code, minutes=minutes, locale=asking.locale, reference=f"yucun-code-{number}"
        )
    except codes.NotSent:
        await db.execute(_END, number, clock.now())
        raise CodeNotSent from None
    return Sent(channel, address, now + LIFE, now + _PAUSE)


@db.retried
async def _kept(asking: Asking, channel: Where, address: str, code_hash: str) -> tuple[int, datetime]:
    """Writes a code down before it leaves, if one more is allowed. Whoever counts the same waits."""
    async with db.transaction():
        await customers.staying(asking.customer_id)
        index = addresses.index(channel, address)
        values = {"address": index, "customer": asking.customer_id, "client": asking.client}
        await db.fetch(_LOCK, _QUEUE, [f"{name}:{value}" for name, value in values.items()])
        now = clock.now()
        for name, period, most in _LIMITS:
            rows = await db.fetch(_LATELY[name], values[name], now - period, most)
            _check([row[0] for row in rows], now, period, most, pauses=name != "client")
        await db.execute(_REPLACE, asking.customer_id, channel, now)
        number = await db.fetchval(
            _ADD, asking.customer_id, channel, sealed.seal(address, _COLUMN), asking.client, code_hash, now, now + LIFE, index
        )  # fmt: skip
        return int(number), now


def _check(lately: Sequence[datetime], now: datetime, period: timedelta, most: int, *, pauses: bool) -> None:
    """``lately``: when the last ones were sent, the last first."""
    until = [lately[-1] + period] if len(lately) >= most else []
    if pauses and lately and lately[0] + _PAUSE > now:
        until.append(lately[0] + _PAUSE)
    if until:
        raise CodeTooOften(wait_s=max(1, int((max(until) - now).total_seconds())))


_TRY = """
UPDATE address_code SET tries = tries + 1
WHERE id = (SELECT id FROM address_code WHERE customer_id = $1 AND channel = $2 ORDER BY id DESC LIMIT 1)
RETURNING id, address, code_hash, tries, ends_at, ended_at, is_used
"""
_USE = "UPDATE address_code SET ended_at = $2, is_used = true WHERE id = $1 AND ended_at IS NULL RETURNING id"


async def confirm(customer_id: int, channel: Where, code: str, *, by: str) -> None:
    """The customer enters the code they read there; from now on the address is theirs. The right one once more changes nothing.

    A try is counted before it is looked at, so that many at once are not more tries than one after the other.

    Raises:
        CodeOver, CodeWrong, CodeTriedTooOften, SealKeyMissing.
    """
    row = await db.fetchrow(_TRY, customer_id, channel)
    if row is None or row["ends_at"] <= clock.now() or (row["ended_at"] is not None and not row["is_used"]):
        raise CodeOver
    if row["tries"] > TRIES_MOST:
        raise CodeTriedTooOften
    if not await asyncio.to_thread(_is_it, code, row["code_hash"]):
        if row["tries"] == TRIES_MOST:
            raise CodeTriedTooOften
        raise CodeWrong(left=TRIES_MOST - row["tries"])
    if not row["is_used"]:
        await _take(customer_id, channel, row["id"], sealed.opened(row["address"], _COLUMN), by)


@db.retried
async def _take(customer_id: int, channel: Where, number: int, address: str, by: str) -> None:
    async with db.transaction():
        await customers.staying(customer_id)
        if await db.fetchval(_USE, number, clock.now()) is not None:
            await addresses.put(customer_id, channel, address, by=by, confirmed_by="code")


async def by_wechat(platform: PhonePlatform, customer_id: int, code: str, *, by: str) -> None:
    """The number that WeChat shows us at the customer's tap is theirs.

    Raises:
        PhoneCodeRefused, WeChatUnavailable, AddressNotUsable.
    """
    try:
        number = await platform.phone_number(code)
    except PlatformRefused as refused:
        raise PhoneCodeRefused(errcode=refused.errcode) from refused
    except PlatformUnknown as unknown:
        raise WeChatUnavailable from unknown
    await _put_number(customer_id, number, by)


@db.retried
async def _put_number(customer_id: int, number: str, by: str) -> None:
    async with db.transaction():
        await customers.staying(customer_id)
        await addresses.put(customer_id, "sms", number, by=by, confirmed_by="wechat")


_FORGET = "DELETE FROM address_code WHERE sent_at < $1"


async def forget_codes() -> int:
    """Drops what no limit counts any more, with the addresses in it. Run by the clock. Returns how many."""
    return await db.execute(_FORGET, clock.now() - 2 * _LIMITS[0][1])


def _hashed(code: str, salt: bytes | None = None) -> str:
    """The salt and scrypt's hash of a code. Six digits are soon found by trying; the hash makes a stolen row cost more than the ten
    minutes it is worth."""
    salt = salt or secrets.token_bytes(16)
    return f"{salt.hex()}${hashlib.scrypt(code.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32).hex()}"


def _is_it(code: str, kept: str) -> bool:
    return hmac.compare_digest(_hashed(code, bytes.fromhex(kept.partition("$")[0])), kept)
