"""What coupons and points could take off, before the customer chooses."""

from typing import Annotated

from pydantic import Field

from core import http as kit
from miniapp_api.orders import Lines, StoreField
from miniapp_api.packages import Refusal
from miniapp_api.services import Customer
from shop import savings, stock


class SavingsRequest(kit.Body):
    lines: Lines
    store: StoreField = None


class FittingCoupon(kit.Answer):
    coupon_no: str
    name: Annotated[str, Field(examples=["满100减10"])]
    off_fen: Annotated[int, Field(description="单独使用可减 · what it alone takes off", examples=[1000])]
    ends_at: kit.Instant
    refusal: Annotated[Refusal | None, Field(description="现在不能用的原因 · why it cannot be used")]


class UsablePoints(kit.Answer):
    have: Annotated[int, Field(description="现有积分 · points there are", examples=[1280])]
    points: Annotated[int, Field(description="最多可用 · the most that can be used", examples=[500])]
    off_fen: Annotated[int, Field(description="可减 · what those take off", examples=[500])]


class Savings(kit.Answer):
    coupons: Annotated[list[FittingCoupon], Field(description="最划算的在前 · the best first")]
    points: UsablePoints


async def read(body: SavingsRequest, caller: Customer, locale: str) -> Savings:
    """What could be used for these lines."""
    wanted = stock.merged((line.sku_id, line.quantity) for line in body.lines)
    found = await savings.of(caller.id, wanted, store=body.store)
    return Savings(
        coupons=[
            FittingCoupon(
                coupon_no=one.coupon.coupon_no,
                name=one.coupon.name,
                off_fen=one.off_fen,
                ends_at=one.coupon.ends_at,
                refusal=one.refusal and Refusal(code=one.refusal.code, message=one.refusal.sentence(locale)),
            )
            for one in found.coupons
        ],
        points=UsablePoints.model_validate(found.points),
    )
