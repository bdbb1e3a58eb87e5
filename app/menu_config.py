"""The settings of the official account's menus."""

from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from app.config_values import Section, Word
from gateways.wechat import menus


class SubButton(Section):
    """A button: what a tap says (``key``), or where it leads (``url``, ``page`` of a mini-program)."""

    name: Word
    key: Word | None = None
    url: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    page: Word | None = None
    app_id: Word | None = None

    def wire(self, mini_app_id: str) -> dict[str, Any]:
        """As the platform wants it."""
        return menus.leaf(
            self.name, says=self.key, url=self.url, page=self.page, app_id=self.app_id or mini_app_id
        )


class MenuButton(SubButton):
    """One at the top: a button, or a name with more below it (``buttons``)."""

    buttons: Annotated[tuple[SubButton, ...], Field(max_length=10)] | None = None

    def wire(self, mini_app_id: str) -> dict[str, Any]:
        """As the platform wants it."""
        if self.buttons is None:
            return SubButton.wire(self, mini_app_id)
        return {"name": self.name, "sub_button": [one.wire(mini_app_id) for one in self.buttons]}


class Menu(Section):
    """A menu: of everybody, or with ``language`` of customers who have chosen it."""

    language: Literal["zh-CN", "en"] | None = None
    buttons: Annotated[tuple[MenuButton, ...], Field(min_length=1, max_length=10)]


def check(found: tuple[Menu, ...]) -> tuple[Menu, ...]:
    """Refuses what the platform would.

    Raises:
        ValueError.
    """
    languages = [menu.language for menu in found]
    if found and (len(set(languages)) < len(languages) or None not in languages):
        raise ValueError(
            "要有一个不写 language 的默认菜单，每种语言最多一个 · one without language, and one a language"
        )
    wire = [[button.wire("wx0000000000000000") for button in menu.buttons] for menu in found]
    wrong = [fault for buttons in wire for fault in menus.faults(buttons)]
    for menu in found:
        wrong += [
            f"{button.name}: key、url、page、buttons 只写一种（page 另写 url）· one of these (page with url)"
            for button in _all(menu.buttons)
            if _kinds(button) != 1
        ]
    conditional = [buttons for menu, buttons in zip(found, wire, strict=True) if menu.language is not None]
    if len(set().union(*map(menus.domains, conditional))) > menus.CONDITIONAL_DOMAINS_MOST:
        wrong.append(
            f"各语言菜单的链接最多 {menus.CONDITIONAL_DOMAINS_MOST} 个域名 · domains in menus by language at most"
        )
    if wrong:
        raise ValueError("；".join(wrong))
    return found


def _kinds(button: SubButton) -> int:
    below = button.buttons if isinstance(button, MenuButton) else None
    return sum(part is not None for part in (button.key, button.page or button.url, below))


def _all(buttons: tuple[MenuButton, ...]) -> list[SubButton]:
    return [one for top in buttons for one in (top, *(top.buttons or ()))]


Menus = Annotated[tuple[Menu, ...], Field(max_length=2), pydantic.AfterValidator(check)]
