"""What operators did."""

import dataclasses
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from core import clock, words
from core import http as kit
from members import act_files, acts


class ActFilter(kit.Query):
    kind: Annotated[
        Literal["read", "write"] | None, Field(description="看了，还是改了 · was it shown or changed")
    ] = None
    operator_id: kit.Id | None = None
    operation: Annotated[kit.Name | None, Field(max_length=80, examples=["staff_add"])] = None
    subject: Annotated[
        kit.Name | None,
        Field(max_length=120, description="路径所指 · what the path names", examples=["bill:B2026"]),
    ] = None
    customer_id: Annotated[
        kit.Id | None, Field(description="与哪位顾客有关 · whom it was about, or who was shown")
    ] = None
    outcome: Annotated[kit.Name | None, Field(max_length=60, examples=["done"])] = None
    address: Annotated[kit.Name | None, Field(max_length=45, examples=["203.0.113.7"])] = None
    text: Annotated[
        kit.Name | None,
        Field(max_length=60, description="内容或原因里的字 · found in what was sent, or in the reason"),
    ] = None
    since: kit.Moment | None = None
    until: kit.Moment | None = None


class ActQuery(ActFilter, kit.PageQuery):
    pass


class Act(kit.Answer):
    id: int
    operator_id: int
    operator_name: str
    kind: Annotated[str, Field(description="read | write")]
    operation: str
    about: Annotated[str, Field(description="方法与路径 · method and path")]
    subject: str | None
    customer_ids: Annotated[
        list[int],
        Field(
            description="有关或看到的顾客，最多一百位 · whom it was about or who was shown, a hundred at most"
        ),
    ]
    asked: dict[str, Any]
    reason: str | None
    address: str
    user_agent: str
    request_id: str
    began_at: kit.Instant
    ended_at: kit.Instant | None
    outcome: Annotated[
        str | None,
        Field(
            description="done、拒绝的代码、failed；空为未完成 · done, a refusal's code, failed; null: it has not ended"
        ),
    ]


class ActChange(kit.Answer):
    of_table: str
    row_id: Annotated[int | None, Field(description="null：更多的未记 · there were more than are kept")]
    before: Annotated[
        dict[str, Any] | None, Field(description="不同之处原来的样子 · what differs, as it was")
    ]
    after: Annotated[
        dict[str, Any] | None, Field(description="不同之处后来的样子 · what differs, as it became")
    ]


class WholeAct(Act):
    changes: Annotated[list[ActChange], Field(description="改动的每一行 · every row it changed")]


def _wanted(query: ActFilter) -> acts.Wanted:
    names = [field.name for field in dataclasses.fields(acts.Wanted)]
    return acts.Wanted(**{name: getattr(query, name) for name in names})


async def listing(query: ActQuery) -> object:
    """What operators did, the latest first."""
    rows = await acts.page(_wanted(query), before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def one(act_id: int) -> object:
    """One act, with what it changed."""
    found = await acts.get(act_id)
    changed = (await acts.changes([found.id])).get(found.id, [])
    shown = Act.model_validate(found).model_dump()
    return WholeAct(**shown, changes=[ActChange.model_validate(change) for change in changed])


async def as_csv(query: ActFilter, locale: str) -> web.Response:
    """The same as CSV, with what was changed."""
    rows = await act_files.as_csv(_wanted(query), locale)
    name = f"{words.say('acts.title', locale)} {clock.today()}"
    return kit.download(rows, name=f"{name}.csv", media_type=kit.CSV, locale=locale)
