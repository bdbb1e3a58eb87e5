"""Texts that operators answer with often: their own, and the shop's."""

from typing import Annotated

from pydantic import Field

from admin_api.services import Operator
from core import http as kit
from members import canned_answers


class CannedText(kit.Body):
    title: Annotated[kit.Name, Field(max_length=40, examples=["营业时间"])]
    text: Annotated[
        kit.Paragraphs,
        Field(
            min_length=1,
            max_length=canned_answers.LONGEST_CHARS,
            description="可写 {customer}、{operator}、{shop} · may name these",
            examples=["{customer}您好，我是{shop}的{operator}。"],
        ),
    ]


class CannedAnswer(kit.Answer):
    id: int
    operator_id: Annotated[int | None, Field(description="null 为店铺共用 · null: the shop's")]
    title: str
    text: str
    saved_by: str
    saved_at: kit.Instant


async def listing(query: kit.PageQuery, caller: Operator) -> object:
    """One's own and the shop's."""
    rows = await canned_answers.page(caller.id, after=query.after(int) or 0, limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def add(body: CannedText, caller: Operator, key: kit.IdempotencyKey) -> object:
    """A new one of one's own."""
    return await canned_answers.add(caller.id, title=body.title, text=body.text, key=key)


async def change(canned_id: kit.Id, body: CannedText, caller: Operator) -> object:
    """Other words for one of one's own."""
    return await canned_answers.change(caller.id, canned_id, title=body.title, text=body.text)


async def remove(canned_id: kit.Id, caller: Operator) -> None:
    """Takes one of one's own away."""
    await canned_answers.remove(caller.id, canned_id)


async def add_shops(body: CannedText, caller: Operator, key: kit.IdempotencyKey) -> object:
    """A new one for everybody."""
    return await canned_answers.add(caller.id, title=body.title, text=body.text, is_shops=True, key=key)


async def change_shops(canned_id: kit.Id, body: CannedText, caller: Operator) -> object:
    """Other words for one of the shop's."""
    return await canned_answers.change(caller.id, canned_id, title=body.title, text=body.text, is_shops=True)


async def remove_shops(canned_id: kit.Id, caller: Operator) -> None:
    """Takes one of the shop's away."""
    await canned_answers.remove(caller.id, canned_id, is_shops=True)
