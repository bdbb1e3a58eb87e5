"""Who asks in a chat."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from billing import statements
from billing.statements import Balance, Ending
from bot.dialogue import ANSWERED_WITHIN, Turn
from bot.settings import PageName, Shop
from bot.taught import Lesson
from bot.understanding import Understood
from core import words
from members import chat_visits
from members.customers import Customer
from members.people import Chat


@dataclass(frozen=True, slots=True)
class Asker:
    """A person in the chat, the language to answer in, and what they asked. ``known`` None: we do not know which customer it is.
    ``balance`` is what they had when they asked (None: they have no account), ``ending`` what of it ends next."""

    known: Customer | None
    locale: str
    shop: Shop
    asked: Understood = field(default_factory=lambda: Understood(""))
    app_id: str = ""
    openid: str = ""
    """The account that is written to, and as whom."""
    balance: Balance | None = None
    ending: Ending | None = None
    turn: Turn = field(default_factory=Turn)
    """What the dialogue was at, and where the answer leaves a question of its own."""
    lesson: Lesson = field(default_factory=Lesson)
    """What operators have taught, as this message is answered by it."""
    provider: str = "official_account"
    said: str = ""
    """What was written, as it was written."""

    @property
    def chat(self) -> Chat | None:
        """The chat it is asked in; None: nowhere that could be answered later."""
        return Chat(self.provider, self.app_id, self.openid) if self.openid else None

    @property
    def customer(self) -> Customer:
        """The customer; only commands open to strangers are answered without one."""
        assert self.known is not None
        return self.known

    async def store_id(self) -> int:
        """The store whose QR code they scanned last; 0: none."""
        return await chat_visits.store_of(self.app_id, self.openid)

    def say(self, key: str, **params: Any) -> str:
        """A sentence of ``core/words/<locale>/bot.toml``."""
        return words.say(f"bot.{key}", self.locale, shop=self.shop.name, **params)

    def yes_does(self, what: str) -> list[str]:
        """That a yes does what was just proposed; nothing where it would not be remembered."""
        minutes = int(ANSWERED_WITHIN.total_seconds() // 60)
        return [self.say("dialogue.yes_does", what=what, minutes=minutes)] if self.turn.remembers else []

    def numbered(self, lines: list[str]) -> list[str]:
        """A list of which a number picks one; without numbers where that would not be remembered."""
        if not self.turn.remembers:
            return lines
        told = [f"{number}. {line.removeprefix('· ')}" for number, line in enumerate(lines, start=1)]
        return [*told, self.say("dialogue.choose")]

    async def missing_fen(self, amount_fen: int) -> int:
        """How much balance and credit together fall short of an amount; 0: they cover it."""
        held = await statements.balance(self.customer.id)
        return max(0, amount_fen - held.available_fen - held.credit_left_fen)

    def link(self, page: PageName, words: str, **query: Any) -> str:
        """Words that lead to a page of the mini-program when they are tapped; only the words where there is no such page."""
        return self.shop.pages.link(page, words, **query) if self.shop.pages else words

    def leads_to(self, page: PageName) -> bool:
        """Whether there is such a page."""
        return self.shop.pages is not None and self.shop.pages.leads_to(page)
