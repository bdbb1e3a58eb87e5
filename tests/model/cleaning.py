"""The end of an example: the books are proven, and nothing of it may fall due in the next."""

from __future__ import annotations

from datetime import timedelta

from billing import deduction_rules, operator_holds, reviews
from core import clock, db
from ledger import holds
from shop import orders
from tests.model.steps import combined


async def ends(shop, model):
    """What the proof found."""
    violations = await shop.prove()
    await db.execute("UPDATE deduction_rule SET active = false WHERE active")
    deduction_rules.forget()
    for row in await db.fetch(
        "SELECT review_no FROM deduction_review WHERE state = 'waiting' AND expires_at > $1", clock.now()
    ):
        await reviews.reject(1, row["review_no"], key=f"end-{row['review_no']}")
    await reviews.expire_due()
    await combined.end_all(model.combined)
    await db.execute("UPDATE approval SET state = 'withdrawn', decided_at = now() WHERE state = 'waiting'")
    for number, order in model.orders.items():
        if order.state == "placed":
            await orders.cancel(order.customer, number)
    await db.execute("UPDATE plan_period SET state = 'waived', ended_at = now() WHERE state = 'upcoming'")
    await db.execute("UPDATE plan SET state = 'cancelled' WHERE state = 'active'")
    await db.execute("UPDATE bill SET collect_at = NULL WHERE collect_at IS NOT NULL")
    await db.execute("UPDATE lot SET expires_at = NULL WHERE expires_at IS NOT NULL")
    for row in await db.fetch("SELECT reference FROM hold WHERE state = 'open'"):
        if row["reference"].startswith(operator_holds.PREFIX):
            await operator_holds.release(1, row["reference"], key=f"end-{row['reference']}")
        else:
            await holds.release(row["reference"])
    clock.set_offset(timedelta())
    return violations
