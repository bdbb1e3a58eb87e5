"""Coupons 优惠券: issued to customers, judged and used with an order, given back when the order is not to be.

``judge``, ``use`` and ``give_back`` join the caller's transaction. A coupon is a row with at most one order: of several orders that want
it at once one has it, and the others are refused. Locked after the customer and its kind, before points.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock, db, errors, ids
from ledger import accounts, idempotency
from members import coupon_rules, coupon_templates, customers, limits
from members.coupon_rules import (
    CouponNotForThese,
    CouponNotInTime,
    CouponNotUsable,
    CouponNotWithPoints,
    CouponsDoNotStack,
    CouponTooLittle,
    Discount,
    Line,
)

KeyReused = idempotency.KeyReused
NoSuchTemplate = coupon_templates.NoSuchTemplate
NoSuchCustomer = customers.NoSuchCustomer
CustomerHasLeft = customers.CustomerHasLeft
REFUSALS = (
    CouponNotUsable, CouponNotInTime, CouponNotForThese, CouponTooLittle, CouponsDoNotStack, CouponNotWithPoints,
)  # fmt: skip
"""What ``judge`` may answer, beside ``NoSuchCoupon``."""


class NoSuchCoupon(errors.NotFound):
    """The customer has no coupon of this number."""

    code = "no_such_coupon"


class NoSuchCouponCode(errors.NotFound):
    """There are no coupons to be had by this code."""

    code = "no_such_coupon_code"


class CouponsGone(errors.Conflict):
    """No more coupons of this kind are issued: the shop stopped them, their time is over, or all were taken."""

    code = "coupons_gone"


class CouponHad(errors.Conflict):
    """The customer has had as many of these as one may."""

    code = "coupon_had"


@dataclass(frozen=True, slots=True)
class Held:
    """A coupon as its customer sees it; ``order_no``: where it was used."""

    id: int
    coupon: coupon_rules.Coupon
    order_no: str | None
    issued_at: datetime

    @property
    def state(self) -> str:
        """``unused``, ``used``, ``void``, or ``over``: not used in its time."""
        is_over = self.coupon.state == "unused" and self.coupon.ends_at <= clock.now()
        return "over" if is_over else self.coupon.state


_COUPON = """
k.coupon_no, t.id AS template_id, t.name, t.kind, t.off_fen, t.off_percent, t.most_fen, t.least_fen, t.products, t.categories,
t.stacks, t.with_points, k.state, k.from_at, k.ends_at
"""
_NAMED = f"""
SELECT {_COUPON} FROM coupon k JOIN coupon_template t ON t.id = k.template_id
WHERE k.customer_id = $1 AND k.coupon_no = ANY ($2::text[])
"""


async def judge(
    customer_id: int, coupon_nos: Collection[str], lines: Sequence[Line], *, with_points: bool = False
) -> list[Discount]:
    """What these coupons take off these lines, each once, in the order they are applied. Only reads: ``use`` takes them.

    Raises:
        NoSuchCoupon, CouponNotUsable, CouponNotInTime, CouponNotForThese, CouponTooLittle, CouponsDoNotStack, CouponNotWithPoints.
    """
    if not coupon_nos:
        return []
    rows = await db.fetch(_NAMED, customer_id, list(coupon_nos))
    found = {row["coupon_no"]: coupon_rules.Coupon(*row) for row in rows}
    for number in coupon_nos:
        if number not in found:
            raise NoSuchCoupon(coupon_no=number)
    return coupon_rules.discounts(list(found.values()), lines, now=clock.now(), with_points=with_points)


_LIVE = f"""
SELECT {_COUPON} FROM coupon k JOIN coupon_template t ON t.id = k.template_id
WHERE k.customer_id = $1 AND k.state = 'unused' AND k.ends_at > $2 ORDER BY k.ends_at, k.id LIMIT 100
"""


async def fitting(
    customer_id: int, lines: Sequence[Line]
) -> list[tuple[coupon_rules.Coupon, int, errors.DomainError | None]]:
    """The coupons a customer may still use, with what each alone takes off these lines, or why it does not; the best first."""
    now, found = clock.now(), []
    for row in await db.fetch(_LIVE, customer_id, now):
        coupon, why = coupon_rules.Coupon(*row), None
        try:
            off_fen = coupon_rules.discounts([coupon], lines, now=now)[0].off_fen
        except errors.DomainError as refusal:
            off_fen, why = 0, refusal
        found.append((coupon, off_fen, why))
    return sorted(found, key=lambda one: -one[1])


_USE = """
WITH wanted AS (SELECT * FROM unnest($2::text[], $3::bigint[]) w (coupon_no, off_fen)),
locked AS (
    SELECT k.id FROM coupon k WHERE k.customer_id = $1 AND k.coupon_no = ANY ($2::text[]) ORDER BY k.id FOR NO KEY UPDATE
), used AS (
    UPDATE coupon k SET state = 'used', order_no = $4, off_fen = w.off_fen FROM wanted w
    WHERE k.coupon_no = w.coupon_no AND k.id IN (SELECT id FROM locked) AND k.state = 'unused' AND k.from_at <= $5 AND k.ends_at > $5
    RETURNING k.id, k.coupon_no, k.off_fen
), noted AS (
    INSERT INTO coupon_event (coupon_id, what, order_no, off_fen, by, at)
    SELECT id, 'used', $4, off_fen, $6, $5 FROM used ORDER BY id
)
SELECT coupon_no FROM used
"""


async def use(customer_id: int, discounts: Sequence[Discount], order_no: str) -> None:
    """The order takes these coupons, with what ``judge`` said of them.

    Raises:
        CouponNotUsable: another order has one of them by now, or its time is over.
    """
    if not discounts:
        return
    rows = await db.fetch(
        _USE, customer_id, [one.coupon_no for one in discounts], [one.off_fen for one in discounts], order_no,
        clock.now(), accounts.of_customer(customer_id),
    )  # fmt: skip
    used = {row[0] for row in rows}
    for one in discounts:
        if one.coupon_no not in used:
            raise CouponNotUsable(name=one.name)


_LOCK_USED = "SELECT id FROM coupon WHERE order_no = $1 AND state = 'used' ORDER BY id FOR NO KEY UPDATE"
_GIVE_BACK = """
WITH back AS (
    UPDATE coupon k SET order_no = NULL, off_fen = NULL,
        state = CASE WHEN c.state IN ('closing', 'closed') THEN 'void' ELSE 'unused' END
    FROM customer c WHERE c.id = k.customer_id AND k.id = ANY ($4::bigint[]) AND k.state = 'used' AND k.order_no = $1
    RETURNING k.id, k.state
), noted AS (
    INSERT INTO coupon_event (coupon_id, what, order_no, by, at)
    SELECT b.id, 'given_back', $1, $2, $3 FROM back b ORDER BY b.id
)
INSERT INTO coupon_event (coupon_id, what, by, at) SELECT id, 'void', $2, $3 FROM back WHERE state = 'void'
"""


async def give_back(order_no: str, *, by: str = "clock") -> None:
    """An order that is not to be gives its coupons back; once is enough. Their time goes on as if nothing had been. Part of the caller's
    transaction: whose they are by now is looked at once they are locked."""
    locked = [row["id"] for row in await db.fetch(_LOCK_USED, order_no)]
    if locked:
        await db.execute(_GIVE_BACK, order_no, by, clock.now(), locked)


_LOCK = """
SELECT id, name, from_at, until_at, days, per_customer, total, issued, active FROM coupon_template WHERE id = $1 FOR NO KEY UPDATE
"""
_MAKE = """
WITH who AS (
    SELECT c, row_number() OVER (ORDER BY c) AS nth FROM unnest($2::bigint[]) c
    WHERE $3::int IS NULL OR (SELECT count(*) FROM coupon k WHERE k.template_id = $1 AND k.customer_id = c AND k.state <> 'void') < $3
), made AS (
    INSERT INTO coupon (coupon_no, template_id, customer_id, state, from_at, ends_at, run_id, issued_at)
    SELECT ($4::text[])[nth], $1, c, 'unused', $5, $6, $7, $8 FROM who WHERE nth <= $9 ORDER BY nth
    ON CONFLICT (run_id, customer_id) DO NOTHING RETURNING id, customer_id, coupon_no
), noted AS (
    INSERT INTO coupon_event (coupon_id, what, by, at) SELECT id, 'issued', $10, $8 FROM made
), counted AS (
    UPDATE coupon_template SET issued = issued + (SELECT count(*) FROM made) WHERE id = $1
)
SELECT customer_id, coupon_no FROM made
"""


@dataclass(frozen=True, slots=True)
class Issued:
    """Coupons of one kind that were given together: their numbers by customer, and when they are over."""

    name: str
    numbers: Mapping[int, str]
    ends_at: datetime


async def issue(
    template_id: int, customer_ids: Collection[int], *, by: str, run_id: int | None = None
) -> Issued:
    """Gives each of these customers a coupon of the kind, as far as there are any, and who has had as many as one may none. Part of
    the caller's transaction, which keeps them from leaving.

    Raises:
        NoSuchTemplate, CouponsGone: none is issued any more.
    """
    kind = await db.fetchrow(_LOCK, template_id)
    if kind is None:
        raise NoSuchTemplate(template_id=template_id)
    now, wanted = clock.now(), sorted(set(customer_ids))
    left = len(wanted) if kind["total"] is None else min(len(wanted), kind["total"] - kind["issued"])
    if not kind["active"] or kind["until_at"] <= now or left <= 0 < len(wanted):
        raise CouponsGone
    from_at, ends_at = max(now, kind["from_at"]), kind["until_at"]
    if kind["days"] is not None:
        ends_at = min(ends_at, clock.start_of(clock.day_of(from_at) + timedelta(days=kind["days"] + 1)))
    rows = await db.fetch(
        _MAKE, template_id, wanted, kind["per_customer"], ids.new_nos("K", len(wanted)), from_at, ends_at, run_id, now,
        left, by,
    )  # fmt: skip
    return Issued(kind["name"], {row["customer_id"]: row["coupon_no"] for row in rows}, ends_at)


_BY_CODE = "SELECT id FROM coupon_template WHERE code = $1 AND from_at <= $2"


@db.retried
async def claim(customer_id: int, code: str, *, key: str) -> Held:
    """A customer takes a coupon by its code.

    Raises:
        NoSuchCouponCode, CouponsGone, CouponHad, KeyReused.
    """
    caller = accounts.of_customer(customer_id)

    async def act() -> str:
        template_id = await db.fetchval(_BY_CODE, code, clock.now())
        if template_id is None:
            raise NoSuchCouponCode(code=code)
        return await _one(template_id, customer_id, by=caller)

    async with db.transaction():
        number = await idempotency.once(
            caller=caller, operation="coupons.claim", key=key, content={"code": code}, act=act
        )
    return await get(customer_id, number)


@db.retried
async def give(operator_id: int, customer_id: int, template_id: int, *, key: str) -> Held:
    """An operator gives a customer a coupon.

    Raises:
        NoSuchTemplate, NoSuchCustomer, CustomerHasLeft, CouponsGone, CouponHad, AboveYourLimit, KeyReused.
    """
    by = f"operator:{operator_id}"

    async def act() -> str:
        allowance = await limits.of(operator_id, "gifts", "rules.change")
        kind = await coupon_templates.get(template_id)
        await allowance.take(kind.terms.worth_fen, accounts.of_customer(customer_id))
        return await _one(template_id, customer_id, by=by)

    async with db.transaction():
        content = {"customer_id": customer_id, "template_id": template_id}
        number = await idempotency.once(
            caller=by, operation="coupons.give", key=key, content=content, act=act
        )
    return await get(customer_id, number)


async def _one(template_id: int, customer_id: int, *, by: str) -> str:
    customers.refuse_left(await customers.staying(customer_id))
    made = await issue(template_id, [customer_id], by=by)
    if customer_id not in made.numbers:
        raise CouponHad
    return made.numbers[customer_id]


_VOID = """
WITH gone AS (UPDATE coupon SET state = 'void' WHERE customer_id = $1 AND coupon_no = $2 AND state = 'unused' RETURNING id)
INSERT INTO coupon_event (coupon_id, what, by, at) SELECT id, 'void', $3, $4 FROM gone
"""


async def void(operator_id: int, customer_id: int, coupon_no: str) -> Held:
    """The shop takes a coupon back that was not used. Again is harmless.

    Raises:
        NoSuchCoupon, CouponNotUsable: it was used.
    """
    done = await db.execute(_VOID, customer_id, coupon_no, f"operator:{operator_id}", clock.now())
    held = await get(customer_id, coupon_no)
    if not done and held.coupon.state != "void":
        raise CouponNotUsable(name=held.coupon.name)
    return held


_HELD = f"SELECT {_COUPON}, k.id, k.order_no, k.issued_at FROM coupon k JOIN coupon_template t ON t.id = k.template_id"
_STATES = {
    None: "true",
    "unused": "k.state = 'unused' AND k.ends_at > $4",
    "over": "k.state = 'unused' AND k.ends_at <= $4",
    "used": "k.state = 'used'",
    "void": "k.state = 'void'",
}


async def get(customer_id: int, coupon_no: str) -> Held:
    """One coupon of a customer.

    Raises:
        NoSuchCoupon.
    """
    row = await db.fetchrow(f"{_HELD} WHERE k.customer_id = $1 AND k.coupon_no = $2", customer_id, coupon_no)
    if row is None:
        raise NoSuchCoupon(coupon_no=coupon_no)
    return _held(row)


async def page(
    customer_id: int, *, state: str | None = None, before: int | None = None, limit: int = 20
) -> list[Held]:
    """A customer's coupons, the newest first: all, or those ``unused``, ``used``, ``over`` or ``void``."""
    sql = f"{_HELD} WHERE k.customer_id = $1 AND k.id < $2 AND ($4::timestamptz IS NOT NULL) AND {_STATES[state]} ORDER BY k.id DESC LIMIT $3"
    rows = await db.fetch(sql, customer_id, before if before is not None else 2**62, limit, clock.now())
    return [_held(row) for row in rows]


def _held(row: Sequence[object]) -> Held:
    values = tuple(row)
    return Held(values[-3], coupon_rules.Coupon(*values[:-3]), *values[-2:])  # type: ignore[arg-type]


_LOCK_ALL = "SELECT id FROM coupon WHERE customer_id = $1 AND state IN ('unused', 'used') ORDER BY id FOR NO KEY UPDATE"
_MOVE = """
WITH moved AS (UPDATE coupon SET customer_id = $2 WHERE customer_id = $1 AND (run_id IS NULL OR NOT EXISTS (
    SELECT FROM coupon o WHERE o.run_id = coupon.run_id AND o.customer_id = $2)) RETURNING id)
INSERT INTO coupon_event (coupon_id, what, by, at) SELECT id, 'moved', $3, $4 FROM moved
"""
_END = """
WITH gone AS (UPDATE coupon SET state = 'void' WHERE customer_id = $1 AND state = 'unused' RETURNING id)
INSERT INTO coupon_event (coupon_id, what, by, at) SELECT id, 'void', $2, $3 FROM gone
"""


async def hand_over(gone_id: int, kept_id: int, *, operator: str = "clock") -> None:
    """The coupons of one customer become another's; where both had one of the same issue, the one who is kept has one. Part of the
    caller's transaction."""
    await db.execute(_LOCK_ALL, gone_id)
    await db.execute(_MOVE, gone_id, kept_id, operator, clock.now())


async def end(customer_id: int, *, operator: str = "clock") -> None:
    """Nobody uses the coupons of who gives the account up; one that an order gives back later is void too. Part of the caller's
    transaction."""
    await db.execute(_LOCK_ALL, customer_id)
    await db.execute(_END, customer_id, operator, clock.now())
