"""Tags and segments, and what is done for a whole segment."""

from typing import Annotated, Any

from pydantic import Field

from admin_api.customers import Customer
from admin_api.services import Operator
from billing import broadcasts
from core import http as kit
from members import customers, segment_rules, segment_runs, segments
from members import tags as members_tags

Rule = Annotated[
    segment_rules.Rule,
    Field(
        description="条件：tier、spent、last_spent、balance、points、tag、birthday、joined，用 all、any、not 组合，最多 5 层 30 个 · conditions "
        "joined by all, any and not, at most 30 in 5 layers",
        examples=[
            {
                "what": "all",
                "of": [
                    {"what": "spent", "days": 90, "least_fen": 50000},
                    {"what": "tier", "codes": ["gold"]},
                ],
            }
        ],
    ),
]


class NewTag(kit.Body):
    name: Annotated[kit.Name, Field(max_length=20, examples=["爱喝岩茶"])]


class Tag(kit.Answer):
    id: int
    name: str
    customers: Annotated[int, Field(description="有此标签的顾客数 · customers who have it")]


class CustomerTag(kit.Answer):
    id: int
    name: str


class Tags(kit.Answer):
    tags: list[CustomerTag]


class Tagging(kit.Body):
    tag_ids: Annotated[
        list[kit.Id], Field(max_length=50, description="改为只有这些标签 · these and no others from now on")
    ]


class NewSegment(kit.Body):
    name: Annotated[kit.Name, Field(max_length=60, examples=["三个月内消费满 500 元的金卡"])]
    rule: Rule


class Trying(kit.Body):
    rule: Rule


class Segment(kit.Answer):
    id: int
    name: str
    rule: dict[str, Any]
    saved_by: str
    saved_at: kit.Instant


class SegmentPreview(kit.Answer):
    customers: Annotated[int, Field(description="符合的顾客数 · for how many it holds")]
    reachable: Annotated[
        int, Field(description="其中同意接收营销消息的 · of them, those who agreed to marketing")
    ]


class SegmentCoupons(kit.Body):
    template_id: kit.Id


class SegmentMessage(kit.Body):
    text: Annotated[
        kit.Name,
        Field(max_length=100, description="消息正文 · what they read", examples=["周末新茶到店，欢迎试饮。"]),
    ]


class SegmentRun(kit.Answer):
    id: int
    run_no: str
    segment_id: int
    kind: Annotated[str, Field(examples=["coupons", "message"])]
    template_id: int | None
    text: str | None
    state: Annotated[
        str,
        Field(
            description="running 进行中，paused 已暂停，done 已完成，stopped 已停止（含券已发完）· under way, paused, done, or stopped, also for "
            "want of coupons"
        ),
    ]
    looked_at: Annotated[int, Field(description="已处理的顾客数 · customers whose turn it was")]
    done: Annotated[int, Field(description="发出的数量 · those who got something")]
    asked_by: str
    created_at: kit.Instant
    ended_at: kit.Instant | None
    approval_no: Annotated[str | None, Field(description="复核单号 · the second person's agreement")]
    expected: Annotated[int | None, Field(description="开始时可发给多少人 · whom it was to reach")]


class Reach(kit.Answer):
    customers: Annotated[
        int, Field(description="分群人数，以下各项合计 · in the segment; the others add up to it")
    ]
    not_agreed: Annotated[int, Field(description="未同意营销消息 · agreed to no marketing")]
    too_often: Annotated[int, Field(description="近期已达上限 · had as much as they may")]
    inbox_only: Annotated[int, Field(description="只能在小程序里看到 · shown in the mini-program only")]
    reached: Annotated[int, Field(description="能送达 · reached by a channel")]
    waits_until: Annotated[
        kit.Instant | None, Field(description="免打扰，到这时才发 · quiet hours hold it back until then")
    ]


class Broadcast(kit.Answer):
    run: SegmentRun | None
    approval_no: Annotated[
        str | None,
        Field(description="人数超过上限，等第二人复核 · so many that it waits for a second person"),
    ]


class Progress(kit.Answer):
    run: SegmentRun
    messages: Annotated[
        dict[str, int],
        Field(
            description="消息的去向：queued、sent、dead、void:原因 · what became of its messages",
            examples=[{"queued": 12, "sent": 480, "void:too_often": 8}],
        ),
    ]


async def tags(query: kit.PageQuery) -> object:
    """The oldest first."""
    rows = await members_tags.page(after=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def add_tag(body: NewTag, caller: Operator, key: kit.IdempotencyKey) -> object:
    """A new tag."""
    return await members_tags.add(caller.id, body.name, key=key)


async def tags_of(customer_id: kit.Id) -> Tags:
    """A customer's tags."""
    return _tags(await members_tags.of((await customers.get(customer_id)).id))


async def put_tags(customer_id: kit.Id, body: Tagging, caller: Operator) -> Tags:
    """Sets a customer's tags."""
    return _tags(await members_tags.put(caller.id, customer_id, body.tag_ids))


async def listing(query: kit.PageQuery) -> kit.Cut[Segment]:
    """The newest first."""
    rows = await segments.page(before=query.after(int), limit=query.limit + 1)
    page = kit.cut(rows, query, lambda row: row.id)
    return kit.Cut([_shown(one) for one in page.items], page.next_cursor)


async def add(body: NewSegment, caller: Operator, key: kit.IdempotencyKey) -> Segment:
    """A new segment."""
    return _shown(await segments.add(caller.id, body.name, body.rule, key=key))


async def one(segment_id: kit.Id) -> Segment:
    """One segment."""
    return _shown(await segments.get(segment_id))


async def change(segment_id: kit.Id, body: NewSegment, caller: Operator) -> Segment:
    """Sets its name and rule."""
    return _shown(await segments.change(caller.id, segment_id, body.name, body.rule))


async def preview(body: Trying) -> object:
    """For how many a rule holds now."""
    return await segments.preview(body.rule)


async def members(segment_id: kit.Id, query: kit.PageQuery) -> kit.Cut[Customer]:
    """Who is in it now, in the order of their ids."""
    rows = await segments.members(segment_id, after=query.after(int), limit=query.limit + 1)
    page = kit.cut(rows, query, lambda row: row.id)
    return kit.Cut([Customer.model_validate(one) for one in page.items], page.next_cursor)


async def give_coupons(
    segment_id: kit.Id, body: SegmentCoupons, caller: Operator, key: kit.IdempotencyKey
) -> object:
    """Each of them gets a coupon."""
    return await segment_runs.give_coupons(caller.id, segment_id, body.template_id, key=key)


async def write_to(
    segment_id: kit.Id, body: SegmentMessage, caller: Operator, key: kit.IdempotencyKey
) -> object:
    """Each of them who agreed to marketing is told this, where it takes no second person."""
    return (await broadcasts.start(caller.id, segment_id, body.text, alone=True, key=key)).run


async def broadcast(
    segment_id: kit.Id, body: SegmentMessage, caller: Operator, key: kit.IdempotencyKey
) -> object:
    """The same, waiting for a second person where it takes one."""
    return await broadcasts.start(caller.id, segment_id, body.text, key=key)


async def reach(segment_id: kit.Id) -> object:
    """Whom a broadcast would reach now."""
    return await broadcasts.preview(segment_id)


async def runs(query: kit.PageQuery) -> object:
    """The newest first."""
    rows = await segment_runs.page(before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def run(run_no: str) -> object:
    """One run."""
    return await segment_runs.get(run_no)


async def progress(run_no: str) -> Progress:
    """One run, and what became of its messages."""
    run, messages = await segment_runs.progress(run_no)
    return Progress(run=SegmentRun.model_validate(run), messages=messages)


async def pause(run_no: str) -> object:
    """Nobody's turn comes until it goes on."""
    return await segment_runs.pause(run_no)


async def go_on(run_no: str) -> object:
    """It goes on where it was."""
    return await segment_runs.go_on(run_no)


async def stop(run_no: str) -> object:
    """Ends a run where it is."""
    return await segment_runs.stop(run_no)


def _tags(found: list[tuple[int, str]]) -> Tags:
    return Tags(tags=[CustomerTag(id=number, name=name) for number, name in found])


def _shown(segment: segments.Segment) -> Segment:
    return Segment(
        id=segment.id, name=segment.name, rule=segment.rule.model_dump(mode="json"), saved_by=segment.saved_by,
        saved_at=segment.saved_at,
    )  # fmt: skip
