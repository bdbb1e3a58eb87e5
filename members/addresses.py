"""Delivery addresses 收货地址: a customer's own, with the region's code, one of them the default."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, fields, replace
from typing import Any

from core import clock, db, errors, sealed
from ledger import accounts, idempotency
from members import customers, regions
from notifications import addresses as reach

KeyReused = idempotency.KeyReused
CustomerHasLeft = customers.CustomerHasLeft
RegionUnknown = regions.RegionUnknown
RegionElsewhere = regions.RegionElsewhere
MOST = 20


class NoSuchAddress(errors.NotFound):
    """The customer has no address of this id."""

    code = "no_such_address"


class TooManyAddresses(errors.Conflict):
    """A customer keeps at most twenty addresses."""

    code = "too_many_addresses"


class PhoneNotUsable(errors.Invalid):
    """Neither a mobile number (of mainland China, or with + and its country's code) nor a landline with its area's code."""

    code = "phone_not_usable"


@dataclass(frozen=True, slots=True)
class Where:
    """Who is to have it, and where. ``region_code``: GB/T 2260, six digits, as the picker of the mini-program gives it; the names of
    province, city and district as it shows them."""

    recipient: str
    phone: str
    region_code: str
    province: str
    city: str
    district: str
    detail: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """A kept address."""

    id: int
    where: Where
    is_default: bool


_NAMES = ", ".join(field.name for field in fields(Where))
_COLUMN = "delivery_address.phone"
_OWN = f"""
SELECT id, is_default, {_NAMES} FROM delivery_address WHERE customer_id = $1 AND ($2::bigint IS NULL OR id = $2)
ORDER BY is_default DESC, id DESC
"""


async def listing(customer_id: int) -> list[Address]:
    """A customer's addresses, the default first, then the newest.

    Raises:
        SealKeyMissing.
    """
    return [_of(tuple(row)) for row in await db.fetch(_OWN, customer_id, None)]


async def get(customer_id: int, address_id: int) -> Address:
    """One of them.

    Raises:
        NoSuchAddress, SealKeyMissing.
    """
    row = await db.fetchrow(_OWN, customer_id, address_id)
    if row is None:
        raise NoSuchAddress(address_id=address_id)
    return _of(tuple(row))


def _of(row: Sequence[Any]) -> Address:
    where = Where(*row[2:])
    return Address(row[0], replace(where, phone=sealed.opened(where.phone, _COLUMN)), row[1])


def _columns(where: Where) -> tuple[str, ...]:
    return astuple(replace(where, phone=sealed.seal(where.phone, _COLUMN)))


_LOCK = "SELECT 1 FROM customer WHERE id = $1 FOR NO KEY UPDATE"
_COUNT = "SELECT count(*) FROM delivery_address WHERE customer_id = $1"
_ADD = f"""
INSERT INTO delivery_address (customer_id, is_default, created_at, {_NAMES})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id
"""
_NO_DEFAULT = (
    "UPDATE delivery_address SET is_default = false WHERE customer_id = $1 AND is_default AND id <> $2"
)


async def add(customer_id: int, where: Where, *, is_default: bool, key: str) -> Address:
    """Keeps another address; the first is the default in any case.

    Raises:
        RegionUnknown, RegionElsewhere, PhoneNotUsable, TooManyAddresses, KeyReused.
    """
    where = _usable(where)

    async def act() -> int:
        await db.fetchval(_LOCK, customer_id)
        customers.refuse_left(await customers.get(customer_id))
        count = await db.fetchval(_COUNT, customer_id)
        if count >= MOST:
            raise TooManyAddresses(most=MOST)
        made: int = await db.fetchval(
            _ADD, customer_id, is_default or not count, clock.now(), *_columns(where)
        )
        if is_default:
            await db.execute(_NO_DEFAULT, customer_id, made)
        return made

    blind = replace(where, phone=sealed.index(where.phone, "sms").hex())
    made = await idempotency.alone(
        caller=accounts.of_customer(customer_id), operation="addresses.add", key=key,
        content={"where": astuple(blind), "is_default": is_default}, act=act,
    )  # fmt: skip
    return await get(customer_id, int(made))


_CHANGE = f"""
UPDATE delivery_address SET is_default = $3 OR is_default, ({_NAMES}) = ($4, $5, $6, $7, $8, $9, $10, $11)
WHERE customer_id = $1 AND id = $2
"""


@db.retried
async def change(customer_id: int, address_id: int, where: Where, *, is_default: bool) -> Address:
    """Sets all of an address; orders that were placed keep the one they were placed with. The default stays it until another is.

    Raises:
        NoSuchAddress, RegionUnknown, RegionElsewhere, PhoneNotUsable.
    """
    where = _usable(where)
    async with db.transaction():
        await db.fetchval(_LOCK, customer_id)
        if not await db.execute(_CHANGE, customer_id, address_id, is_default, *_columns(where)):
            raise NoSuchAddress(address_id=address_id)
        if is_default:
            await db.execute(_NO_DEFAULT, customer_id, address_id)
    return await get(customer_id, address_id)


_REMOVE = "DELETE FROM delivery_address WHERE customer_id = $1 AND id = $2 RETURNING is_default"
_NEXT_DEFAULT = """
UPDATE delivery_address SET is_default = true WHERE id = (SELECT max(id) FROM delivery_address WHERE customer_id = $1)
"""


@db.retried
async def remove(customer_id: int, address_id: int) -> None:
    """Forgets an address; after the default the newest is it. Again is harmless."""
    async with db.transaction():
        await db.fetchval(_LOCK, customer_id)
        if await db.fetchval(_REMOVE, customer_id, address_id):
            await db.execute(_NEXT_DEFAULT, customer_id)


def _usable(where: Where) -> Where:
    regions.refuse_misfit(where.region_code, where.province)
    return replace(where, phone=_phone(where.phone))


def _phone(given: str) -> str:
    if _LANDLINE.fullmatch(given):
        return given
    try:
        return reach.usable("sms", given)
    except reach.AddressNotUsable:
        raise PhoneNotUsable from None


_LANDLINE = re.compile(r"0\d{2,3}-?\d{7,8}(?:-\d{1,5})?", re.ASCII)


def written(where: Where | None, column: str) -> str | None:
    """An address as it is kept with what goes there, as JSON; ``column``: of which table.

    Raises:
        SealBroken: its phone could not be opened when it was read.
    """
    if where is None:
        return None
    if where.phone == sealed.HIDDEN:
        raise sealed.SealBroken(column=column)
    return json.dumps(
        asdict(where) | {"phone": sealed.seal(where.phone, f"{column}.phone")}, ensure_ascii=False
    )


def read(text: str | None, column: str) -> Where | None:
    """An address as ``written`` keeps it. A phone that cannot be opened is ``sealed.HIDDEN``: what is ordered is served without."""
    found = shown(text, column)
    return None if found is None else Where(**found)


def shown(text: str | None, column: str) -> dict[str, Any] | None:
    """The same as doors show it."""
    kept: dict[str, Any] | None = None if text is None else json.loads(text)
    if kept is not None:
        kept["phone"] = sealed.readable(kept["phone"], f"{column}.phone") or sealed.HIDDEN
    return kept


_HAND_OVER = (
    "UPDATE delivery_address SET is_default = false WHERE customer_id = $1 AND EXISTS (SELECT FROM delivery_address"
    " WHERE customer_id = $2)",
    "UPDATE delivery_address SET customer_id = $2 WHERE customer_id = $1",
)


async def hand_over(gone_id: int, kept_id: int) -> None:
    """The addresses of one customer become another's, who keeps their default. Part of the caller's transaction."""
    for statement in _HAND_OVER:
        await db.execute(statement, gone_id, kept_id)


async def forget(customer_id: int) -> None:
    """Forgets all addresses of who gives the account up. Part of the caller's transaction."""
    await db.execute("DELETE FROM delivery_address WHERE customer_id = $1", customer_id)
