"""The inbox of the channels' notifications."""

from typing import Annotated, Literal

from pydantic import Field

from admin_api.services import Operator, Services
from billing import inbox_refusals, inbox_replays
from core import http as kit


class NoticesQuery(kit.PageQuery):
    channel: Literal["wechat_pay", "alipay"] | None = None
    verdict: Literal["verified", "refused"] | None = None
    handled: bool | None = None
    payment_no: kit.No | None = None


class Notice(kit.Answer):
    id: int
    channel: str
    event_id: str
    event_type: str
    payment_no: str | None
    verdict: Annotated[str, Field(examples=["verified", "refused"])]
    refusal: Annotated[
        str | None, Field(description="为何未通过验签 · why it was not taken for the channel's")
    ]
    receipts: Annotated[int, Field(description="收到的次数 · how often it came")]
    attempts: Annotated[int, Field(description="处理的次数 · how often it was acted on")]
    outcome: Annotated[
        str | None, Field(description="处理结果；null 为尚未处理 · null: not handled", examples=["credited"])
    ]
    fault: Annotated[str | None, Field(description="最近一次处理的错误 · what went wrong last")]
    received_at: kit.Instant
    handled_at: kit.Instant | None


class NoticeReplay(kit.Answer):
    operator: str
    outcome: str
    created_at: kit.Instant


class WholeNotice(kit.Answer):
    notice: Notice
    headers: dict[str, str]
    body: Annotated[str, Field(description="原文；无法显示的字节写作 \\xNN · as it came")]
    replays: list[NoticeReplay]


class Handed(kit.Answer):
    handled: Annotated[int, Field(description="已处理 · how many were handled")]
    left: Annotated[int, Field(description="仍未处理 · how many still are not")]


class Refusals(kit.Answer):
    channel: str
    day: kit.Day
    reason: str
    times: int


async def listing(query: NoticesQuery) -> object:
    """The newest first."""
    rows = await inbox_replays.page(
        channel=query.channel,
        verdict=query.verdict,
        handled=query.handled,
        payment_no=query.payment_no,
        before=query.after(int),
        limit=query.limit + 1,
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(notice_id: int) -> WholeNotice:
    """One notification as it came."""
    return _shown(await inbox_replays.get(notice_id))


async def replay(notice_id: int, caller: Operator, services: Services) -> WholeNotice:
    """Hands it in again."""
    return _shown(await inbox_replays.replay(services.readers, notice_id, operator=caller.label))


async def replay_failed(caller: Operator, services: Services) -> object:
    """Hands in again what was not handled."""
    return await inbox_replays.replay_failed(services.readers, operator=caller.label)


async def refusals(query: kit.PageQuery) -> object:
    """How many were refused, by day and reason."""
    rows = await inbox_refusals.page(before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


def _shown(found: inbox_replays.Whole) -> WholeNotice:
    return WholeNotice(
        notice=Notice.model_validate(found.notice),
        headers=dict(found.headers),
        body=found.body.decode("utf-8", "backslashreplace"),
        replays=[NoticeReplay.model_validate(one) for one in found.replays],
    )
