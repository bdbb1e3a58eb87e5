"""Profiles 个人资料: what customers see of themselves, and may set themselves. The phone number comes by ``members.confirming``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from core import clock, db, errors, words
from members import customers
from members.birthdays import EARLIEST, BirthdayWrong
from notifications import addresses

BIRTHDAY_REST = timedelta(days=365)
"""Who has set their birthday themselves may set another only so much later: wishes and gifts go by it."""


class BirthdayFixed(errors.Conflict):
    """The birthday was set less than a year ago; the shop can still correct it."""

    code = "birthday_fixed"


class LanguageUnknown(errors.Invalid):
    """The house does not speak it."""

    code = "language_unknown"


@dataclass(frozen=True, slots=True)
class Profile:
    """``birthday_free_at``: from when on the customer may set another birthday; None: now. ``reach``: phone and e-mail, masked;
    ``identities``: by which apps they sign in."""

    customer: customers.Customer
    birthday: date | None
    birthday_free_at: datetime | None
    reach: Mapping[str, str]
    confirmed: Sequence[str]
    identities: Sequence[str]


_GET = """
SELECT birthday, birthday_set_at,
       ARRAY(SELECT DISTINCT i.provider FROM identity i WHERE i.customer_id = c.id ORDER BY 1) AS identities
FROM customer c WHERE c.id = $1
"""


async def get(customer_id: int) -> Profile:
    """A customer's profile.

    Raises:
        NoSuchCustomer.
    """
    customer, row = await customers.get(customer_id), await db.fetchrow(_GET, customer_id)
    assert row is not None, "customers are never deleted"
    kept = await addresses.of(customer_id)
    confirmed = [one.channel for one in kept if one.confirmed_at is not None]
    free_at = _free_at(row["birthday_set_at"])
    return Profile(customer, row["birthday"], free_at, addresses.masked(kept), confirmed, row["identities"])


_LOCK = "SELECT name, locale, birthday, birthday_set_at FROM customer WHERE id = $1 FOR NO KEY UPDATE"
_SET = "UPDATE customer SET name = $2, locale = $3, birthday = $4, birthday_set_at = $5 WHERE id = $1"
_REMEMBER = """
INSERT INTO setting_change (customer_id, setting, before, after, operator, changed_at) VALUES ($1, $2, $3, $4, $5, $6)
"""


@db.retried
async def change(customer_id: int, *, name: str, locale: str, birthday: date | None, by: str) -> Profile:
    """Sets all three; what changed is written down.

    Raises:
        NoSuchCustomer, LanguageUnknown, BirthdayWrong, BirthdayFixed.
    """
    if locale not in words.LOCALES:
        raise LanguageUnknown(locale=locale)
    async with db.transaction():
        row = await db.fetchrow(_LOCK, customer_id)
        if row is None:
            raise customers.NoSuchCustomer(customer_id=customer_id)
        set_at = row["birthday_set_at"]
        if birthday != row["birthday"]:
            set_at = _allowed(birthday, set_at)
        await db.execute(_SET, customer_id, name, locale, birthday, set_at)
        after: dict[str, Any] = {"name": name, "locale": locale, "birthday": birthday}
        for setting, value in after.items():
            if value != row[setting]:
                told = [None if one is None else str(one) for one in (row[setting], value)]
                await db.execute(_REMEMBER, customer_id, setting, *told, by, clock.now())
    return await get(customer_id)


def _allowed(birthday: date | None, set_at: datetime | None) -> datetime:
    if free_at := _free_at(set_at):
        raise BirthdayFixed(free_at=free_at)
    if birthday is not None and not EARLIEST <= birthday <= clock.today():
        raise BirthdayWrong
    return clock.now()


def _free_at(set_at: datetime | None) -> datetime | None:
    free_at = None if set_at is None else set_at + BIRTHDAY_REST
    return free_at if free_at is not None and free_at > clock.now() else None
