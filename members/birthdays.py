"""What customers tell at the counter: where they can be reached outside WeChat, and their birthday."""

from __future__ import annotations

from datetime import date

from core import clock, db, errors
from members import customers
from notifications import addresses


class BirthdayWrong(errors.Invalid):
    """A birthday is neither in the future nor before anybody alive."""

    code = "birthday_wrong"


EARLIEST = date(1900, 1, 1)
_SET = "UPDATE customer SET birthday = $2 WHERE id = $1"


async def of(customer_id: int) -> date | None:
    """A customer's birthday; None: they have not told it."""
    found: date | None = await db.fetchval("SELECT birthday FROM customer WHERE id = $1", customer_id)
    return found


@db.retried
async def reach(
    customer_id: int, *, phone: str | None, email: str | None, born_on: date | None, by: str
) -> None:
    """Sets all three; None: there is none, or none any more; an address as it is shown masked: the one that is kept.

    Raises:
        NoSuchCustomer, AddressNotUsable, BirthdayWrong.
    """
    if born_on is not None and not EARLIEST <= born_on <= clock.today():
        raise BirthdayWrong
    async with db.transaction():
        await customers.staying(customer_id)
        kept = {one.channel: one for one in await addresses.of(customer_id)}
        wanted: tuple[tuple[addresses.Where, str | None], ...] = (("sms", phone), ("email", email))
        for channel, given in wanted:
            before = kept.get(channel)
            if before is not None and given == addresses.mask(channel, before.address):
                given = before.address
            if before is None or before.refusal is not None or before.address != given:
                await addresses.put(customer_id, channel, given, by=by)
        await db.execute(_SET, customer_id, born_on)
