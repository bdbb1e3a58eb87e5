"""The customer's coupons."""

from typing import Annotated, Literal

from pydantic import Field

from core import http as kit
from members import coupons
from miniapp_api.services import Customer


class CouponQuery(kit.PageQuery):
    state: Annotated[
        Literal["unused", "used", "over", "void"] | None,
        Field(description="只看这个状态 · only in this state"),
    ] = None


class Coupon(kit.Answer):
    coupon_no: str
    name: Annotated[str, Field(examples=["满100减10"])]
    kind: Annotated[str, Field(examples=["amount", "percent"])]
    off_fen: Annotated[int | None, Field(description="减免金额 · so much off")]
    off_percent: Annotated[int | None, Field(description="减免比例，10 即九折 · a share off", examples=[10])]
    most_fen: Annotated[int | None, Field(description="最多减免 · at most")]
    least_fen: Annotated[int, Field(description="适用商品满此数可用 · what the goods it is for must come to")]
    products: Annotated[
        list[int] | None, Field(description="适用商品，与 categories 都为 null 则全部 · both null: all goods")
    ]
    categories: Annotated[
        list[int] | None, Field(description="适用分类，含下级分类 · with all that stands within them")
    ]
    stacks: Annotated[
        str,
        Field(
            description="alone 不与其他券同用，others 可与其他种类同用，any 可多张同用 · alone, with other kinds, or any",
            examples=["alone", "others", "any"],
        ),
    ]
    with_points: Annotated[bool, Field(description="可与积分同用 · together with points")]
    state: Annotated[str, Field(examples=["unused", "used", "over", "void"])]
    from_at: kit.Instant
    ends_at: kit.Instant
    order_no: Annotated[str | None, Field(description="用于哪笔订单 · the order it was used for")]
    issued_at: kit.Instant


class Code(kit.Body):
    code: Annotated[kit.No, Field(max_length=32, description="兑换码 · the code", examples=["TEA100"])]


async def listing(query: CouponQuery, caller: Customer) -> kit.Cut[Coupon]:
    """The newest first."""
    rows = await coupons.page(caller.id, state=query.state, before=query.after(int), limit=query.limit + 1)
    page = kit.cut(rows, query, lambda row: row.id)
    return kit.Cut([shown(one) for one in page.items], page.next_cursor)


async def claim(body: Code, caller: Customer, key: kit.IdempotencyKey) -> Coupon:
    """Takes one by its code."""
    return shown(await coupons.claim(caller.id, body.code, key=key))


async def one(coupon_no: str, caller: Customer) -> Coupon:
    """One coupon."""
    return shown(await coupons.get(caller.id, coupon_no))


def shown(held: coupons.Held) -> Coupon:
    """A coupon as doors answer it."""
    coupon = held.coupon
    return Coupon(
        coupon_no=coupon.coupon_no, name=coupon.name, kind=coupon.kind, off_fen=coupon.off_fen, off_percent=coupon.off_percent,
        most_fen=coupon.most_fen, least_fen=coupon.least_fen, products=_list(coupon.products),
        categories=_list(coupon.categories), stacks=coupon.stacks, with_points=coupon.with_points, state=held.state,
        from_at=coupon.from_at, ends_at=coupon.ends_at, order_no=held.order_no, issued_at=held.issued_at,
    )  # fmt: skip


def _list(numbers: object) -> list[int] | None:
    return None if numbers is None else list(numbers)  # type: ignore[call-overload]
