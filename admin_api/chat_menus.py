"""The official account's menus: what the settings say, what the platform has, publishing."""

from typing import Annotated, Any

from pydantic import Field

from admin_api.services import Operator, Services
from core import http as kit
from shop import chat_menus

Buttons = Annotated[list[dict[str, Any]], Field(description="平台的格式 · as the platform writes them")]


class MenuState(kit.Answer):
    is_published: Annotated[
        bool, Field(description="平台上的就是设置里的 · the platform has what the settings say")
    ]
    differs: Annotated[
        list[str], Field(description="不同的菜单：default 或语言 · those that differ", examples=[["default"]])
    ]
    configured: Buttons
    configured_by_language: dict[str, Buttons]
    buttons: Buttons
    by_language: dict[str, Buttons]


class Publication(kit.Answer):
    id: int
    fingerprint: str
    state: Annotated[
        str,
        Field(
            description="asking 进行中，published 已发布，refused 平台拒绝，unknown 结果不明，请比较或重发 · under way, done, refused, or not "
            "known: compare, or publish again"
        ),
    ]
    errcode: Annotated[int | None, Field(description="平台的错误码 · the platform's code", examples=[40018])]
    error: str | None
    asked_by: str
    asked_at: kit.Instant
    ended_at: kit.Instant | None


async def state(services: Services) -> MenuState:
    """Asks the platform, and compares."""
    configured = services.menus
    found = await chat_menus.state(configured)
    return MenuState(
        is_published=found.is_published,
        differs=list(found.differs),
        configured=[dict(one) for one in configured.buttons],
        configured_by_language={
            name: [dict(one) for one in buttons] for name, buttons in configured.by_language.items()
        },
        buttons=[dict(one) for one in found.buttons],
        by_language={name: [dict(one) for one in buttons] for name, buttons in found.by_language.items()},
    )


async def publish(caller: Operator, services: Services, key: kit.IdempotencyKey) -> object:
    """The platform gets what the settings say."""
    return await chat_menus.publish(services.vocabulary, services.menus, by=caller.label, key=key)


async def publications(query: kit.PageQuery) -> object:
    """The newest first."""
    rows = await chat_menus.page(before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)
