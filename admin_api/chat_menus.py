"""The official account's menus: what the settings say, what the platform has, publishing."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from admin_api.services import Operator, Services
from core import http as kit
from shop import chat_menus, chat_own_menus

Buttons = Annotated[list[dict[str, Any]], Field(description="平台的格式 · as the platform writes them")]


Language = Literal["default", "zh-CN", "en"]


class LowerButton(kit.Body):
    name: Annotated[kit.Name, Field(examples=["余额"])]
    says: Annotated[
        kit.Text | None,
        Field(description="点了等于说这句话 · a tap says this", examples=["余额"]),
    ] = None
    page: Annotated[
        kit.Text | None,
        Field(
            description="小程序的页面，另写 url 给旧版微信 · a page of the mini-program, with a url for old WeChat"
        ),
    ] = None
    url: Annotated[str, StringConstraints(max_length=2000)] | None = None
    app_id: Annotated[kit.Text | None, Field(description="别的小程序的 AppID · of another mini-program")] = (
        None
    )

    def wire(self, mini_app_id: str) -> dict[str, Any]:
        """As the platform writes it."""
        return chat_menus.leaf(
            self.name, says=self.says, url=self.url, page=self.page, app_id=self.app_id or mini_app_id
        )


class TopButton(LowerButton):
    below: Annotated[
        list[LowerButton] | None,
        Field(max_length=10, description="有子菜单时自己不做别的 · with some below it does nothing itself"),
    ] = None

    def wire(self, mini_app_id: str) -> dict[str, Any]:
        """As the platform writes it."""
        if self.below:
            return {"name": self.name, "sub_button": [one.wire(mini_app_id) for one in self.below]}
        return LowerButton.wire(self, mini_app_id)


class MenuText(kit.Body):
    top: Annotated[list[TopButton], Field(min_length=1, max_length=10)]


class Menu(kit.Answer):
    language: Annotated[
        str, Field(description="default 所有人，或语言 · default: of everybody, or a language")
    ]
    is_own: Annotated[
        bool, Field(description="在这里写的，不是设置里的 · written here, and not of the settings")
    ]
    buttons: Buttons
    saved_by: str | None
    saved_at: kit.Instant | None


class MenuState(kit.Answer):
    is_published: Annotated[
        bool, Field(description="平台上的就是这里的 · the platform has what is to be published")
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
    configured = await chat_own_menus.in_force(services.menus)
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
    """The platform gets what is to be published."""
    menus = await chat_own_menus.in_force(services.menus)
    return await chat_menus.publish(services.vocabulary, menus, by=caller.label, key=key)


async def publications(query: kit.PageQuery) -> object:
    """The newest first."""
    rows = await chat_menus.page(before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def languages(services: Services) -> object:
    """The menu of everybody, and of each language."""
    return kit.Page[Menu](items=[_menu(one) for one in await chat_own_menus.every(services.menus)])


async def save(language: Language, body: MenuText, caller: Operator, services: Services) -> Menu:
    """A menu written here, in place of the one of the settings."""
    buttons = [one.wire(services.menus.mini_app_id) for one in body.top]
    return _menu(
        await chat_own_menus.save(
            services.vocabulary, services.menus, _own(language), buttons, by=caller.label
        )
    )


async def restore(language: Language, services: Services) -> None:
    """Back to the one of the settings."""
    await chat_own_menus.restore(services.menus, _own(language))


def _own(language: Language) -> str:
    return chat_own_menus.EVERYBODY if language == "default" else language


def _menu(found: chat_own_menus.Menu) -> Menu:
    return Menu(
        language=found.language or "default",
        is_own=found.is_own,
        buttons=[dict(one) for one in found.buttons],
        saved_by=found.saved_by,
        saved_at=found.saved_at,
    )
