"""Parcels under way."""

from typing import Annotated

from pydantic import Field

from core import http as kit
from shop import tracking

Carrier = Annotated[
    kit.Text,
    Field(
        max_length=40,
        min_length=1,
        description="名称或快递100编码 · its name, or Kuaidi100's code",
        examples=["顺丰速运"],
    ),
]
TrackingNo = Annotated[kit.No, Field(max_length=64, examples=["SF1234567890"])]
State = Annotated[
    str | None,
    Field(
        description="collected 揽收、in_transit 在途、delivering 派件、signed 签收、trouble 疑难、rejected 拒签、returning 退回、returned 退签、"
        "forwarded 转投、customs 清关；null：尚无消息 · null: nothing is known yet",
        examples=["in_transit"],
    ),
]


class Step(kit.Answer):
    at: kit.Instant
    text: Annotated[str, Field(examples=["【杭州市】已揽收"])]
    state: State
    area: str | None


class Trail(kit.Answer):
    carrier: str
    tracking_no: str
    state: State
    state_at: kit.Instant | None
    ended_at: kit.Instant | None
    steps: list[Step]


class ParcelQuery(kit.Query):
    carrier: Carrier
    tracking_no: TrackingNo


class NewParcel(kit.Body):
    carrier: Carrier
    tracking_no: TrackingNo
    phone: Annotated[
        kit.Text | None,
        Field(max_length=20, description="收件人电话，只保留后四位 · of which four digits are kept"),
    ] = None


async def one(query: ParcelQuery) -> object:
    """Where it is."""
    return await tracking.trail(query.carrier, query.tracking_no)


async def watch(body: NewParcel, key: kit.IdempotencyKey) -> object:
    """Watched from now on; one that is watched already stays as it is, so the key has nothing to guard."""
    await tracking.watch(body.carrier, body.tracking_no, phone=body.phone)
    return await tracking.trail(body.carrier, body.tracking_no)
