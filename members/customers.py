"""Customers: who they are and what they have set."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime

from core import clock, db, errors, money, sorting, words
from ledger import accounts
from notifications import addresses


class NoSuchCustomer(errors.NotFound):
    """There is no customer of this id."""

    code = "no_such_customer"


class CustomerBlocked(errors.Forbidden):
    """The shop has blocked this customer."""

    code = "customer_blocked"


class AccountClosed(errors.Forbidden):
    """The customer's account was closed, or is being closed."""

    code = "account_closed"


class CustomerHasLeft(errors.Conflict):
    """The customer's account was merged into another, is being closed or is closed: nothing new begins on it."""

    code = "customer_has_left"


class ThresholdOutOfRange(errors.Invalid):
    """A low-balance threshold is between zero and what an account can hold."""

    code = "threshold_out_of_range"


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer. ``low_balance_threshold_fen`` None: no low-balance alert; ``is_named``: known by name, not by account only."""

    id: int
    name: str
    locale: str
    state: str
    low_balance_threshold_fen: int | None
    tier: str | None
    is_named: bool
    created_at: datetime


DEFAULT_THRESHOLD_FEN = 5_000
"""What a new customer is alerted below, until they choose otherwise: 50 yuan."""

_NAMES = tuple(field.name for field in fields(Customer))
_COLUMNS = ", ".join(_NAMES)
COLUMNS = len(_NAMES)
_CREATE = f"""
INSERT INTO customer (name, locale, state, low_balance_threshold_fen, created_at) VALUES ($1, $2, 'active', $3, $4)
RETURNING {_COLUMNS}
"""


async def create(*, name: str, locale: str = words.DEFAULT_LOCALE) -> Customer:
    """A new customer with an empty account, in the open transaction."""
    row = await db.fetchrow(_CREATE, name, locale, DEFAULT_THRESHOLD_FEN, clock.now())
    assert row is not None
    customer = Customer(*row)
    await accounts.open_for(customer.id)
    return customer


_GET = f"SELECT {_COLUMNS} FROM customer WHERE id = $1"


def columns(table: str) -> str:
    """The columns a ``Customer`` is made of, in order (``COLUMNS`` of them), of the table that a statement calls ``table``."""
    return ", ".join(f"{table}.{name}" for name in _NAMES)


def admit(customer: Customer) -> None:
    """Lets an active customer in.

    Raises:
        CustomerBlocked, AccountClosed.
    """
    if customer.state in ("closing", "closed"):
        raise AccountClosed
    if customer.state != "active":
        raise CustomerBlocked


async def get(customer_id: int) -> Customer:
    """One customer.

    Raises:
        NoSuchCustomer: there is none of this id.
    """
    row = await db.fetchrow(_GET, customer_id)
    if row is None:
        raise NoSuchCustomer(customer_id=customer_id)
    return Customer(*row)


_STAYING = f"SELECT {_COLUMNS} FROM customer WHERE id = $1 FOR SHARE"


async def staying(customer_id: int) -> Customer:
    """One customer, who does not leave until the transaction ends: who merges or closes the account waits for what begins here.

    Raises:
        NoSuchCustomer: there is none of this id.
    """
    row = await db.fetchrow(_STAYING, customer_id)
    if row is None:
        raise NoSuchCustomer(customer_id=customer_id)
    return Customer(*row)


LEFT = ("merged", "closing", "closed")
"""The states of who is gone, or about to be."""
NUMBERS = "ARRAY(SELECT n.id FROM customer n WHERE n.id = {0} OR n.merged_into_id = {0})"
"""All numbers a person has had, as an array for a statement that counts what they did: those merged into the one they have now, and it.
``{0}`` is that one; a merge lets all of before point at it."""


def refuse_left(customer: Customer) -> None:
    """Nothing new begins on an account that is gone.

    Raises:
        CustomerHasLeft.
    """
    if customer.state in LEFT:
        raise CustomerHasLeft(customer_id=customer.id)


_SET_THRESHOLD = f"UPDATE customer SET low_balance_threshold_fen = $2 WHERE id = $1 RETURNING {_COLUMNS}"


async def set_threshold(customer_id: int, threshold_fen: int | None) -> Customer:
    """From now on alert when the available balance falls below this; None: never.

    Raises:
        ThresholdOutOfRange: negative or absurdly large.
        NoSuchCustomer: there is none of this id.
    """
    if threshold_fen is not None and not 0 <= threshold_fen <= money.MAX_FEN:
        raise ThresholdOutOfRange
    row = await db.fetchrow(_SET_THRESHOLD, customer_id, threshold_fen)
    if row is None:
        raise NoSuchCustomer(customer_id=customer_id)
    return Customer(*row)


_PAGE = f"SELECT {_COLUMNS} FROM customer WHERE id < $1 ORDER BY id DESC LIMIT $2"
_FOUND = f"""
SELECT {_COLUMNS} FROM customer WHERE id = ANY (ARRAY(
    SELECT * FROM customers_named($2, $3, $1, $6)
    UNION SELECT $4::bigint
    UNION SELECT customer_id FROM message_address WHERE address_index = $5
)) AND id < $1 ORDER BY id DESC LIMIT $6
"""  # an array, whose members are looked up: of a set PostgreSQL would think it worth going through all customers
_LONGEST_ID = 18


_SORTED = f"SELECT {_COLUMNS} FROM customer"
_SORTS = {"name": "name_order(name)", "created_at": "id"}
"""What customers can be sorted by, and the columns: by pinyin, which ``customer_by_name`` serves; they are numbered as they come. Not by balance: an index of
it would be written anew with every payment."""
_AMONG = """(
    (name_parts(name) @> name_parts({0}::text) AND name ILIKE {1}::text) OR id = {2}::bigint
    OR id = ANY (ARRAY(SELECT customer_id FROM message_address WHERE address_index = {3}))
)"""
_PLACE = "SELECT name_order(name) FROM customer WHERE id = $1"


async def page(
    *,
    query: str | None = None,
    before: int | None = None,
    sort: sorting.Sort | None = None,
    limit: int = 20,
) -> list[Customer]:
    """Customers whose name contains ``query``, or whose id or phone number it is, newest first; for operators. ``sort``: by ``name`` or
    ``created_at`` instead; by name, a page begins after the customer of that id, whatever value is given, so that no cursor tells a name."""
    before = before if before is not None else 2**62
    words = _asked(query) if query else None
    if sort is not None:
        return await _sorted(sort, words, limit)
    if words is None:
        return [Customer(*row) for row in await db.fetch(_PAGE, before, limit)]
    rows = await db.fetch(_FOUND, before, *words, limit)
    return [Customer(*row) for row in rows]


async def _sorted(sort: sorting.Sort, words: tuple[object, ...] | None, limit: int) -> list[Customer]:
    if sort.by == "name" and sort.after is not None:
        number = sort.after[1]
        sort = replace(sort, after=(await db.fetchval(_PLACE, number) or b"", number))
    where = {} if words is None else {_AMONG: words}
    text, args = sorting.statement(_SORTED, where, sort, column=_SORTS[sort.by], limit=limit)
    return [Customer(*row) for row in await db.fetch(text, *args)]


def _asked(query: str) -> tuple[object, ...]:
    """What is looked for: the words, their pattern, the id and the phone's index they may be."""
    number = int(query) if query.isdecimal() and len(query) <= _LONGEST_ID else None
    return query, _containing(query), number, _phone_index(query)


def _containing(query: str) -> str:
    escaped = query.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def _phone_index(query: str) -> bytes | None:
    try:
        return addresses.index("sms", addresses.usable("sms", query))
    except addresses.AddressNotUsable:
        return None
