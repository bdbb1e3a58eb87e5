"""Who asks in a chat."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from billing.statements import Balance
from bot.settings import Shop
from bot.understanding import Understood
from core import words
from members.customers import Customer


@dataclass(frozen=True, slots=True)
class Asker:
    """A person in the chat, the language to answer in, and what they asked. ``known`` None: we do not know which customer it is.
    ``balance`` is what they had when they asked; None: they have no account."""

    known: Customer | None
    locale: str
    shop: Shop
    asked: Understood = field(default_factory=lambda: Understood(""))
    app_id: str = ""
    openid: str = ""
    """The account that is written to, and as whom."""
    balance: Balance | None = None

    @property
    def customer(self) -> Customer:
        """The customer; only commands open to strangers are answered without one."""
        assert self.known is not None
        return self.known

    def say(self, key: str, **params: Any) -> str:
        """A sentence of ``core/words/<locale>/bot.toml``."""
        return words.say(f"bot.{key}", self.locale, shop=self.shop.name, **params)
