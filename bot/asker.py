"""Who asks in a chat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.settings import Shop
from core import words
from members.customers import Customer


@dataclass(frozen=True, slots=True)
class Asker:
    """A person in the chat, and the language to answer in. ``known`` None: we do not know which customer it is."""

    known: Customer | None
    locale: str
    shop: Shop

    @property
    def customer(self) -> Customer:
        """The customer; only commands open to strangers are answered without one."""
        assert self.known is not None
        return self.known

    def say(self, key: str, **params: Any) -> str:
        """A sentence of ``core/words/<locale>/bot.toml``."""
        return words.say(f"bot.{key}", self.locale, shop=self.shop.name, **params)
