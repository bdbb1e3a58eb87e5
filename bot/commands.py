"""What can be asked → what is answered. ``bot.understanding`` says what a text asks; a menu button names it.

Some texts are read to the letter before that, because they change something at once: a code that says whose chat this is, an invoice asked
for with its title, the confirmation of a payment, the change of a plan, an order, a standing order or a booking by its number, a complaint or
feedback. What answers a question of ours is read before all of them (``dialogue_replies``).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from bot import (
    balance,
    bills,
    binding,
    bookings,
    coupons,
    forecast,
    greeting,
    help,
    holds,
    instalments,
    invoices,
    last_deduction,
    messaging,
    opening,
    order_changes,
    orders,
    pay_bill,
    person,
    plan_changes,
    plans,
    points,
    refunds,
    spent,
    standing,
    statement,
    threshold,
    tickets,
    top_up,
    upcoming,
)
from bot.asker import Asker
from bot.understanding import Understood, understand
from bot.understanding.lexicon import Lexicon
from core import clock

Answer = Callable[[Asker], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class Command:
    """Something that can be asked. ``name`` is the intent and its key in menus; strangers are answered only where that makes sense.

    ``is_question``: answering changes nothing, in no table and nowhere else; such a message is answered first and kept afterwards
    (``members.conversations.asked``). When in doubt leave it out: the message is then claimed before, in the answer's transaction.
    """

    name: str
    answer: Answer
    for_strangers: bool = False
    is_question: bool = False


COMMANDS = (
    Command("balance", balance.answer, is_question=True),
    Command("forecast", forecast.answer, is_question=True),
    Command("upcoming", upcoming.answer, is_question=True),
    Command("top_up", top_up.answer, for_strangers=True),
    Command("statement", statement.answer, is_question=True),
    Command("spent", spent.answer, is_question=True),
    Command("last_deduction", last_deduction.answer, is_question=True),
    Command("holds", holds.answer, is_question=True),
    Command("orders", orders.answer, is_question=True),
    Command("pay_order", order_changes.proposal("pay")),
    Command("cancel_order", order_changes.proposal("cancel")),
    Command("plans", plans.answer, is_question=True),
    Command("pause_plan", plan_changes.proposal("pause")),
    Command("resume_plan", plan_changes.proposal("resume")),
    Command("skip_plan", plan_changes.proposal("skip")),
    Command("cancel_plan", plan_changes.proposal("cancel")),
    Command("standing", standing.answer),
    Command("bookings", bookings.answer),
    Command("bills", bills.answer, is_question=True),
    Command("pay_bill", pay_bill.answer),
    Command("instalments", instalments.answer, is_question=True),
    Command("refunds", refunds.answer, is_question=True),
    Command("points", points.answer, is_question=True),
    Command("coupons", coupons.answer, is_question=True),
    Command("threshold", threshold.answer),
    Command("message_settings", messaging.settings, is_question=True),
    Command("unsubscribe", messaging.unsubscribe),
    Command("subscribe_offers", messaging.subscribe),
    Command("reminders_off", messaging.reminders_off),
    Command("reminders_on", messaging.reminders_on),
    Command("bind", binding.answer, for_strangers=True),
    Command("unbind", binding.unbind, is_question=True),
    Command("invoice", invoices.answer, is_question=True),
    Command("hours", opening.answer, for_strangers=True, is_question=True),
    Command("person", person.answer, for_strangers=True),
    Command("tickets", tickets.answer, for_strangers=True, is_question=True),
    Command("thanks", greeting.thanks, for_strangers=True, is_question=True),
    Command("help", help.answer, for_strangers=True, is_question=True),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A command that was asked for, the language it was asked in (None: a menu was tapped), and all that was understood."""

    command: Command
    locale: str | None
    asked: Understood
    is_to_the_letter: bool = False


def find(text: str, words: Lexicon | None = None) -> Found | None:
    """The command a person's text asks for by these words (None: the house's own), or the question back; None when it is none we know."""
    is_rare = len(text) > _SHORT or _NUMBER.search(text)
    exact = _to_the_letter(text, words) if is_rare else _in_few_words(text)
    return exact or _understood(text, words)


_NUMBER = re.compile(r"\d")
_SHORT = 40


def _to_the_letter(text: str, words: Lexicon | None = None) -> Found | None:
    if (about_chat := binding.asked(text)) is not None:
        said, spoken = about_chat
        for_strangers = not isinstance(said, binding.LettingGo)
        otherwise = _understood(text, words) if isinstance(said, binding.Entered) and said.is_bare else None
        answer = _said_by(said, otherwise)
        return Found(Command("whose_chat", answer, for_strangers), spoken, Understood(text), True)
    for name, read in _TO_THE_LETTER:
        if (asked := read(text)) is not None:
            change, locale = asked
            return Found(
                Command(name, change.answer, for_strangers=name == "ticket"), locale, Understood(text), True
            )
    return None


_in_few_words = functools.lru_cache(maxsize=2048)(_to_the_letter)
"""What is short and has no number in it comes again and again, and is read once. A number may be a code, which nothing keeps."""


def _understood(text: str, words: Lexicon | None) -> Found | None:
    understood = understand(text, today=clock.today(), words=words)
    if understood.intent is not None:
        return Found(BY_NAME[understood.intent], understood.locale, understood)
    if understood.choices:
        return Found(_ASK_BACK, understood.locale, understood)
    return None


def _said_by(said: binding.Entered | binding.LettingGo | binding.Phone, otherwise: Found | None) -> Answer:
    """Digits alone are a code only of somebody unknown; whoever is known means something else by them."""

    async def answer(asker: Asker) -> list[str]:
        if asker.known is None or not isinstance(said, binding.Entered) or not said.is_bare:
            return await said.answer(asker)
        if otherwise is None:
            return help.not_understood(asker)
        return await otherwise.command.answer(replace(asker, asked=otherwise.asked))

    return answer


def by_menu_key(key: str, words: Lexicon | None = None) -> Found | None:
    """The command of a menu button, by its name or any word of it."""
    command = BY_NAME.get(key.strip().lower())
    if command is None:
        found = find(key, words)
        return Found(found.command, None, found.asked) if found else None
    return Found(command, None, Understood(key))


class Change(Protocol):
    """Something that is asked for to the letter."""

    def answer(self, asker: Asker) -> Awaitable[list[str]]: ...


_TO_THE_LETTER: tuple[tuple[str, Callable[[str], tuple[Change, str] | None]], ...] = (
    ("confirm_payment", pay_bill.confirmed),
    ("ask_for_invoice", invoices.asked),
    ("change_plan", plan_changes.asked),
    ("change_order", order_changes.asked),
    ("change_standing", standing.asked),
    ("change_booking", bookings.asked),
    ("ticket", tickets.asked),
)
BY_NAME: Mapping[str, Command] = {command.name: command for command in COMMANDS}
ASKED_FOR = tuple(command.name for command in COMMANDS if command.name != "thanks")
"""What a text may be taken for."""
_ASK_BACK = Command("ask_back", help.ask_back, for_strangers=True)
