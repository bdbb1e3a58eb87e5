"""Who else showed the same phone number: a hint for operators that two customers may be one person, whom they can merge.

Only numbers that WeChat itself told us at the customer's tap count; one that somebody typed proves nothing, and one that a code was read at
may be a family's. Numbers change hands, so nobody is joined by one without an operator, and a second person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core import db
from members import customers


@dataclass(frozen=True, slots=True)
class Alike:
    """Another customer, and when they showed the number."""

    customer_id: int
    name: str
    state: str
    shown_at: datetime


_ALIKE = """
SELECT c.id, c.name, c.state, o.confirmed_at FROM message_address a
JOIN message_address o ON o.address_index = a.address_index AND o.confirmed_by = 'wechat' AND o.channel = 'sms' AND o.customer_id <> a.customer_id
JOIN customer c ON c.id = o.customer_id
WHERE a.customer_id = $1 AND a.channel = 'sms' AND a.confirmed_by = 'wechat' AND c.state <> 'merged' ORDER BY c.id LIMIT $2
"""


async def as_of(customer_id: int, *, limit: int = 20) -> list[Alike]:
    """The customers who showed the same number.

    Raises:
        NoSuchCustomer.
    """
    await customers.get(customer_id)
    return [Alike(*row) for row in await db.fetch(_ALIKE, customer_id, limit)]
