"""Coupons: their kinds, and those customers have."""

from typing import Annotated, Literal

from pydantic import Field

from admin_api.services import Operator
from core import http as kit
from members import coupon_templates, coupons, customers

Ids = Annotated[list[kit.Id], Field(min_length=1, max_length=200)]
HowMany = Annotated[int, Field(ge=1, le=10_000_000)]


class NewCouponTemplate(kit.Body):
    name: Annotated[kit.Name, Field(max_length=60, examples=["满100减10"])]
    kind: Annotated[
        Literal["amount", "percent"], Field(description="减免金额或比例 · an amount off, or a share")
    ]
    off_fen: Annotated[kit.PositiveFen | None, Field(examples=[1000])] = None
    off_percent: Annotated[int | None, Field(ge=1, le=99, description="10 即九折 · 10: ten percent off")] = (
        None
    )
    most_fen: Annotated[
        kit.PositiveFen | None, Field(description="按比例时最多减免 · the most that a share takes off")
    ] = None
    least_fen: Annotated[
        kit.Fen, Field(description="适用商品满此数可用 · what the goods must come to", examples=[10000])
    ] = 0
    products: Annotated[
        Ids | None, Field(description="适用商品，与 categories 都不填则全部 · neither: all goods")
    ] = None
    categories: Annotated[
        Ids | None, Field(description="适用分类，含下级分类 · with all that stands within them")
    ] = None
    stacks: Annotated[
        Literal["alone", "others", "any"],
        Field(
            description="alone 不与其他券同用，others 可与其他种类同用，any 可多张同用 · alone, with other kinds, or any"
        ),
    ] = "alone"
    with_points: Annotated[bool, Field(description="可与积分同用 · together with points")] = True
    from_at: kit.Moment
    until_at: Annotated[
        kit.Moment, Field(description="此后不再发放，也不能使用 · neither had nor used from then on")
    ]
    days: Annotated[
        int | None,
        Field(
            ge=1, le=3650, description="领取后有效天数 · a coupon lives so many days from when it was issued"
        ),
    ] = None
    per_customer: Annotated[int | None, Field(ge=1, le=1000, description="每人限领 · so many for each")] = (
        None
    )
    total: Annotated[HowMany | None, Field(description="总张数 · so many in all")] = None
    code: Annotated[
        Annotated[kit.No, Field(max_length=32)] | None,
        Field(description="兑换码，知道者可领 · who knows it may take one", examples=["TEA100"]),
    ] = None


class CouponTemplateChange(kit.Body):
    active: Annotated[bool, Field(description="false 停止发放，已发的仍可用 · false: no more are issued")]
    total: HowMany | None


class CouponTemplate(kit.Answer):
    id: int
    name: str
    kind: str
    off_fen: int | None
    off_percent: int | None
    most_fen: int | None
    least_fen: int
    products: list[int] | None
    categories: list[int] | None
    stacks: str
    with_points: bool
    from_at: kit.Instant
    until_at: kit.Instant
    days: int | None
    per_customer: int | None
    total: int | None
    code: str | None
    issued: int
    active: bool
    saved_by: str
    created_at: kit.Instant


class CouponQuery(kit.PageQuery):
    state: Literal["unused", "used", "over", "void"] | None = None


class Coupon(kit.Answer):
    coupon_no: str
    template_id: int
    name: str
    state: Annotated[str, Field(examples=["unused", "used", "over", "void"])]
    from_at: kit.Instant
    ends_at: kit.Instant
    order_no: str | None
    issued_at: kit.Instant


class Giving(kit.Body):
    template_id: kit.Id


async def templates(query: kit.PageQuery) -> kit.Cut[CouponTemplate]:
    """The newest first."""
    rows = await coupon_templates.page(before=query.after(int), limit=query.limit + 1)
    page = kit.cut(rows, query, lambda row: row.id)
    return kit.Cut([_shown(one) for one in page.items], page.next_cursor)


async def add(body: NewCouponTemplate, caller: Operator, key: kit.IdempotencyKey) -> CouponTemplate:
    """A new kind of coupon."""
    terms = coupon_templates.Terms(**{name: getattr(body, name) for name in NewCouponTemplate.model_fields})
    return _shown(await coupon_templates.add(caller.id, terms, key=key))


async def one(template_id: kit.Id) -> CouponTemplate:
    """One kind of coupon."""
    return _shown(await coupon_templates.get(template_id))


async def change(template_id: kit.Id, body: CouponTemplateChange, caller: Operator) -> CouponTemplate:
    """Whether more are issued, and how many."""
    return _shown(await coupon_templates.change(caller.id, template_id, active=body.active, total=body.total))


async def of_customer(customer_id: kit.Id, query: CouponQuery) -> kit.Cut[Coupon]:
    """A customer's coupons, the newest first."""
    customer = await customers.get(customer_id)
    rows = await coupons.page(customer.id, state=query.state, before=query.after(int), limit=query.limit + 1)
    page = kit.cut(rows, query, lambda row: row.id)
    return kit.Cut([_held(one) for one in page.items], page.next_cursor)


async def give(customer_id: kit.Id, body: Giving, caller: Operator, key: kit.IdempotencyKey) -> Coupon:
    """Gives a customer one."""
    return _held(await coupons.give(caller.id, customer_id, body.template_id, key=key))


async def void(customer_id: kit.Id, coupon_no: str, caller: Operator) -> Coupon:
    """Takes one back that was not used."""
    return _held(await coupons.void(caller.id, customer_id, coupon_no))


def _shown(template: coupon_templates.Template) -> CouponTemplate:
    terms = template.terms
    return CouponTemplate(
        **{name: getattr(terms, name) for name in NewCouponTemplate.model_fields},
        id=template.id, issued=template.issued, active=template.active, saved_by=template.saved_by,
        created_at=template.created_at,
    )  # fmt: skip


def _held(held: coupons.Held) -> Coupon:
    coupon = held.coupon
    return Coupon(
        coupon_no=coupon.coupon_no, template_id=coupon.template_id, name=coupon.name, state=held.state, from_at=coupon.from_at,
        ends_at=coupon.ends_at, order_no=held.order_no, issued_at=held.issued_at,
    )  # fmt: skip
