"""Points changed into bonus 积分兑换赠金: the points go and the bonus comes in one transaction, once for the caller's key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from billing import credits
from core import clock, db, errors, ids
from ledger import accounts, idempotency, posting
from members import customers, points, points_rules
from notifications import outbox

KeyReused = idempotency.KeyReused
CustomerHasLeft = customers.CustomerHasLeft
NoPoints = points_rules.NoPoints
PointsShort = points.PointsShort


class TooFewPoints(errors.Invalid):
    """So few points are not worth a fen."""

    code = "too_few_points"


@dataclass(frozen=True, slots=True)
class Changed:
    """Points that became bonus."""

    number: str
    points: int
    bonus_fen: int
    at: datetime


@db.retried
async def change(customer_id: int, wanted: int, *, key: str) -> Changed:
    """Changes points into bonus as the rule in force says.

    Raises:
        NoPoints, TooFewPoints, PointsShort, KeyReused.
    """
    caller = accounts.of_customer(customer_id)

    async def act() -> str:
        customers.refuse_left(await customers.staying(customer_id))
        rule = await points_rules.current()
        if rule is None or not rule.bonus_points:
            raise NoPoints
        bonus_fen = rule.bonus_fen(wanted)
        if not bonus_fen:
            raise TooFewPoints(least=-(-rule.bonus_points // 100))
        number = ids.new_no("Q")
        leg = posting.credit(
            accounts.BONUS_COST, caller, bonus_fen, kind="bonus", expires_at=rule.bonus_ends_at()
        )
        transfer = posting.Transfer(f"points_bonus:{number}", "points_bonus", [leg], operator=caller)

        def told(posted: posting.Posted) -> outbox.Message:
            params = {
                "points": wanted,
                "amount_fen": bonus_fen,
                "available_fen": posted.available_after_fen,
                "at": clock.now(),
            }
            return outbox.Message(customer_id, "points_bonus", posted.reference, params)

        await credits.credit(customer_id, transfer, told=told)
        await points.spend(customer_id, wanted, transfer.reference, worth_fen=bonus_fen)
        return number

    async with db.transaction():
        number = await idempotency.once(
            caller=caller, operation="points.bonus", key=key, content={"points": wanted}, act=act
        )
    return await _get(number)


_GET = "SELECT -points AS points, worth_fen, at FROM points_movement WHERE reference = 'points_bonus:' || $1::text"


async def _get(number: str) -> Changed:
    row = await db.fetchrow(_GET, number)
    assert row is not None, "movements are never deleted"
    return Changed(number, row["points"], row["worth_fen"], row["at"])
