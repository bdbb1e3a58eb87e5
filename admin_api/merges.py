"""Merges: two customers turn out to be one."""

from typing import Annotated

from pydantic import Field

from admin_api.adjustments import Reason
from admin_api.services import Operator
from billing import merges
from core import http as kit
from core import words


class MergeQuery(kit.Query):
    into: Annotated[int, Field(ge=1, le=2**62, description="保留的顾客 · the customer who is kept")]


class NewMerge(kit.Body):
    into: Annotated[kit.Id, Field(description="保留的顾客 · the customer who is kept", examples=[42])]
    reason: Reason


class Obstacle(kit.Answer):
    code: Annotated[str, Field(examples=["held"])]
    text: str


class Preview(kit.Answer):
    gone_id: int
    kept_id: int
    principal_fen: Annotated[int, Field(description="将转入的本金 · principal that would move")]
    bonus_fen: int
    identities: Annotated[int, Field(description="将转入的微信身份 · WeChat identities that would move")]
    plans: Annotated[int, Field(description="将转入的扣费计划 · running plans that would move")]
    bills: Annotated[int, Field(description="将转入的未付账单 · unpaid bills that would move")]
    pending_top_ups: Annotated[
        int,
        Field(
            description="未付的充值，付成后到账保留的顾客 · unpaid top-ups; what is paid goes to who is kept"
        ),
    ]
    unpaid_orders: Annotated[
        int, Field(description="未付的订单，不转入，到时自动取消 · unpaid orders; they lapse")
    ]
    points: Annotated[int, Field(description="将转入的积分 · points that would move")]
    coupons: Annotated[int, Field(description="将转入的优惠券 · coupons that would move")]
    standing_orders: Annotated[
        int, Field(description="将转入的周期订购 · running standing orders that would move")
    ]
    bookings: Annotated[int, Field(description="将转入的预约 · bookings ahead that would move")]
    obstacles: Annotated[list[Obstacle], Field(description="空则可以合并 · empty: it could be done")]


class Requested(kit.Answer):
    approval_no: str


class Merge(kit.Answer):
    merge_no: str
    gone_id: int
    kept_id: int
    principal_fen: int
    bonus_fen: int
    reason: str
    operator_id: int
    approval_no: str
    created_at: kit.Instant


async def preview(customer_id: int, query: MergeQuery, locale: str) -> Preview:
    """What a merge would do."""
    seen = await merges.preview(customer_id, query.into)
    shown = {name: getattr(seen, name) for name in Preview.model_fields}
    return Preview.model_validate({**shown, "obstacles": obstacles(seen.obstacles, locale)})


def obstacles(codes: tuple[str, ...], locale: str) -> list[Obstacle]:
    """What stands in the way, as sentences."""
    return [Obstacle(code=code, text=words.say(f"approvals.obstacle.{code}", locale)) for code in codes]


async def request(customer_id: int, body: NewMerge, caller: Operator, key: kit.IdempotencyKey) -> Requested:
    """Asks for a merge; a second person decides."""
    number = await merges.request(caller.id, customer_id, body.into, reason=body.reason, key=key)
    return Requested(approval_no=number)


async def listing(query: kit.PageQuery) -> object:
    """The newest first."""
    rows = await merges.page(before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def one(merge_no: str) -> object:
    """One merge."""
    return await merges.get(merge_no)
