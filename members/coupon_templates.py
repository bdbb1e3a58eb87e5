"""Kinds of coupons 优惠券模板: what they take off, what for, when, how many, and who may take one by a code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from core import clock, db, errors, money
from ledger import idempotency
from members import limits
from members.coupon_rules import Kind, Stacks

KeyReused = idempotency.KeyReused


class NoSuchTemplate(errors.NotFound):
    """There is no such kind of coupon."""

    code = "no_such_coupon_template"


class TermsWrong(errors.Invalid):
    """A kind of coupon takes off an amount or a share, and begins before it ends."""

    code = "coupon_terms_wrong"


class CouponCodeTaken(errors.Conflict):
    """Another kind of coupon has this code."""

    code = "coupon_code_taken"


@dataclass(frozen=True, slots=True)
class Terms:
    """``kind`` ``amount``: ``off_fen`` off; ``percent``: ``off_percent`` of a hundred, at most ``most_fen``. ``products`` and
    ``categories`` None: for everything. ``days``: a coupon lives so many after it was issued, and never beyond ``until_at``."""

    name: str
    kind: Kind
    off_fen: int | None
    off_percent: int | None
    most_fen: int | None
    least_fen: int
    products: Sequence[int] | None
    categories: Sequence[int] | None
    stacks: Stacks
    with_points: bool
    from_at: datetime
    until_at: datetime
    days: int | None
    per_customer: int | None
    total: int | None
    code: str | None

    @property
    def worth_fen(self) -> int:
        """What one takes off at most; a share without a most may be any amount."""
        return self.most_fen or money.MAX_FEN if self.off_fen is None else self.off_fen


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of coupon, with how many of it were issued."""

    id: int
    terms: Terms
    issued: int
    active: bool
    saved_by: str
    created_at: datetime


_TERMS = tuple(field.name for field in fields(Terms))
_COLUMNS = f"{', '.join(_TERMS)}, id, issued, active, saved_by, created_at"
_ADD = f"""
INSERT INTO coupon_template ({", ".join(_TERMS)}, issued, active, saved_by, created_at)
VALUES ({", ".join(f"${n}" for n in range(1, len(_TERMS) + 1))}, 0, true, ${len(_TERMS) + 1}, ${len(_TERMS) + 2}) RETURNING id
"""
_TAKEN = "SELECT EXISTS (SELECT FROM coupon_template WHERE code = $1)"


@db.retried
async def add(operator_id: int, terms: Terms, *, key: str) -> Template:
    """A new kind of coupon; nobody has one yet.

    Raises:
        TermsWrong, CouponCodeTaken, KeyReused.
        AboveYourLimit: it has a code by which customers take it, and is worth more in all than the operator gives.
    """
    is_share = terms.kind == "percent"
    whole = (terms.off_percent is not None) == is_share == (terms.off_fen is None)
    if not whole or (terms.most_fen is not None and not is_share) or terms.from_at >= terms.until_at:
        raise TermsWrong
    by = f"operator:{operator_id}"

    async def act() -> int:
        allowance = await limits.of(operator_id, "gifts", "rules.change")
        if terms.code is not None:
            await allowance.take(_all_worth_fen(terms, terms.total), f"coupon:{terms.code}"[:40])
        if terms.code is not None and await db.fetchval(_TAKEN, terms.code):
            raise CouponCodeTaken(code=terms.code)
        number: int = await db.fetchval(_ADD, *asdict(terms).values(), by, clock.now())
        return number

    async with db.transaction():
        made = await idempotency.once(
            caller=by, operation="coupon_templates.add", key=key, content=asdict(terms), act=act
        )
    return await get(int(made))


_GET = f"SELECT {_COLUMNS} FROM coupon_template WHERE id = $1"


async def get(template_id: int) -> Template:
    """One kind of coupon.

    Raises:
        NoSuchTemplate.
    """
    row = await db.fetchrow(_GET, template_id)
    if row is None:
        raise NoSuchTemplate(template_id=template_id)
    return _template(row)


_SET = f"""
UPDATE coupon_template SET active = $2, total = CASE WHEN $3::int IS NULL THEN NULL ELSE greatest($3, issued) END
WHERE id = $1 RETURNING {_COLUMNS}
"""


@db.retried
async def change(operator_id: int, template_id: int, *, active: bool, total: int | None) -> Template:
    """Whether more of it are issued, and how many in all (never fewer than there are). Coupons that customers have stay good.

    Raises:
        NoSuchTemplate.
        AboveYourLimit: so many more can be taken by the code that they are worth more in all than the operator gives.
    """
    async with db.transaction():
        allowance = await limits.of(operator_id, "gifts", "rules.change")
        await db.execute(_LOCK, template_id)
        before = await get(template_id)
        if before.terms.code is not None and active:
            had = before.terms.total if before.active else before.issued
            more = 0 if had is None else None if total is None else max(0, total - had)
            await allowance.take(_all_worth_fen(before.terms, more), f"coupon:{before.terms.code}"[:40])
        row = await db.fetchrow(_SET, template_id, active, total)
    assert row is not None, "it is locked"
    return _template(row)


_LOCK = "SELECT FROM coupon_template WHERE id = $1 FOR NO KEY UPDATE"


def _all_worth_fen(terms: Terms, several: int | None) -> int:
    return terms.worth_fen * (money.MAX_FEN if several is None else several)


_PAGE = f"SELECT {_COLUMNS} FROM coupon_template WHERE id < $1 ORDER BY id DESC LIMIT $2"


async def page(*, before: int | None = None, limit: int = 20) -> list[Template]:
    """All kinds of coupons, the newest first."""
    return [_template(row) for row in await db.fetch(_PAGE, before if before is not None else 2**62, limit)]


def _template(row: Sequence[object]) -> Template:
    values = tuple(row)
    return Template(values[-5], Terms(*values[:-5]), *values[-4:])  # type: ignore[arg-type]
