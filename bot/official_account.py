"""What the official account says to each message and event."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace

from bot import (
    assent,
    binding,
    commands,
    dialogue_replies,
    greeting,
    help,
    keyword_answers,
    messages,
    person,
    replies,
    scenes,
)
from bot.answering import Answering
from bot.asker import Asker
from bot.dialogue import Dialogues, Turn
from bot.guessing import Guessing
from bot.settings import Account, CustomerMessages, Shop
from bot.taught import Lesson, Taught
from bot.understanding import Understood
from bot.understanding.plain import plain
from core import errors, words
from members import chat, chat_languages, conversations, customers
from members.people import Chat
from notifications import letterbox
from shop import chat_unanswered

_ENGLISH = re.compile(r"[A-Za-z]")
_CHINESE = re.compile(r"[㐀-鿿]")
_ACTED_ON = ("subscribe", "unsubscribe", "scan", "click", messages.TEMPLATE_SENT)
"""Events that have an effect or an answer; all others are only acknowledged."""
_FOR_BLOCKED = frozenset({"person", "ticket", "tickets"})
"""A customer whom the shop has blocked may still talk to its people about it."""
_ABOUT_THE_CHAT = frozenset({"bind", "unbind", "whose_chat"})
"""Whose chat it is has to be said of the official account only: the mini-program knows who is signed in."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message asks for, before it is taken in."""

    turn: Turn
    command: commands.Found | None
    lesson: Lesson
    guesses: tuple[str, ...] = ()
    """What a model takes a text for that we do not understand."""

    @property
    def is_question(self) -> bool:
        """Whether the answer changes nothing."""
        return self.command is not None and self.command.command.is_question


class OfficialAccount:
    """The account's side of its chats. The mini-program's customer service talks the same way (``provider``)."""

    def __init__(
        self,
        account: Account,
        shop: Shop,
        answering: Answering,
        sender: CustomerMessages | None,
        dialogues: Dialogues | None = None,
        taught: Taught | None = None,
        guessing: Guessing | None = None,
        *,
        provider: str = "official_account",
    ) -> None:
        self._account = account
        self._provider = provider
        self._shop = shop
        self._answering = answering
        self._sender = sender
        self._dialogues = dialogues or Dialogues(None)
        self._taught = taught or Taught()
        self._guessing = guessing or Guessing()
        self._trouble = {locale: Asker(None, locale, shop).say("trouble") for locale in words.LOCALES}

    async def respond(self, message: messages.Message, by: float) -> str:
        """The reply as XML, or ``success``; there by the loop time ``by``."""
        if message.kind == "event" and message.event not in _ACTED_ON:
            return replies.NOTHING
        if message.event == messages.TEMPLATE_SENT:
            await self._template_ended(message, by)
            return replies.NOTHING
        received = conversations.Received(
            app_id=self._account.app_id,
            dedup_key=message.dedup_key,
            openid=message.openid,
            kind=message.event or message.kind,
            content=message.event_key or binding.masked(message.text),
        )

        reading = await self.read(message)

        async def follow_up(text: str) -> None:
            if self._sender is not None:
                await self._sender.send_customer_message(message.openid, text)

        said = await self._answering.answer(
            received,
            lambda: self.say(message, reading),
            by=by,
            apology="" if message.event == "unsubscribe" else self.apology(message, reading),
            follow_up=follow_up,
            is_question=reading.is_question,
            afterwards=functools.partial(self.done, reading),
        )
        if not said:
            return replies.NOTHING
        return replies.text(to=message.openid, account=message.account, content=said)

    async def _template_ended(self, message: messages.Message, by: float) -> None:
        """One that did not arrive (blocked by its reader, a fault of the platform) is told by the next channel."""
        received = conversations.Received(
            app_id=self._account.app_id,
            dedup_key=message.dedup_key,
            openid=message.openid,
            kind=message.event,
            content=f"{message.event_key} {message.text}",
        )

        async def act() -> str:
            if message.text.lower() != "success":
                await letterbox.template_not_arrived(message.event_key, message.text)
            return ""

        await self._answering.answer(received, act, by=by, apology="")

    async def read(self, message: messages.Message) -> Reading:
        """What a message asks for, with what the dialogue was at and what operators have taught."""
        lesson = await self._taught.now()
        reply = None if message.event else assent.read(message.text)
        turn = await self._dialogues.turn(
            self._account.app_id, message.openid, message.dedup_key, recall=reply is not None
        )
        command = dialogue_replies.found(turn, reply) or _command(message, lesson)
        return Reading(turn, command, lesson, () if command is not None else await self._guesses(message))

    async def _guesses(self, message: messages.Message) -> tuple[str, ...]:
        """Before anything is written down; what is said to the shop's people is none of a model's business."""
        if not (self._guessing.is_there and message.text) or message.event:
            return ()
        theirs = await chat.person(self._account.app_id, message.openid, provider=self._provider)
        if theirs.with_people:
            return ()
        locale = _locale(message, None, theirs.customer, self._shop)
        return await self._guessing.about(message.text, commands.ASKED_FOR, locale)

    async def done(self, reading: Reading) -> None:
        """Remembers what the answer asked back."""
        await self._dialogues.end(reading.turn)

    async def say(self, message: messages.Message, reading: Reading) -> str:
        """What to say to a message; part of what takes it in (``members.conversations``)."""
        turn, command = reading.turn, reading.command
        if message.event == "unsubscribe":
            await chat.met(self._account.app_id, message.openid, follows=False)
            await chat_languages.unfollowed(self._account.app_id, message.openid)
            return ""
        if message.event == "subscribe":
            await chat.met(self._account.app_id, message.openid, follows=True)
        here = Chat(self._provider, self._account.app_id, message.openid)
        theirs = await chat.person(here.app_id, here.openid, provider=here.provider)
        known = theirs.customer
        turn.begin(None if known is None else known.id)
        said = None if message.event else await self._to_people(here, theirs, message, command)
        if said is not None:
            return said
        asked = command.asked if command else Understood(message.text)
        turn.locale = _locale(message, command, known, self._shop)
        asker = Asker(
            known, turn.locale, self._shop, asked,
            app_id=here.app_id, openid=here.openid, balance=theirs.balance, ending=theirs.ending, turn=turn, lesson=reading.lesson,
            provider=here.provider, said=message.text,
        )  # fmt: skip
        try:
            lines = await _lines(asker, message, reading)
        except errors.DomainError as refusal:
            lines = [refusal.sentence(asker.locale)]
        return replies.fit(lines, more=asker.say("more"))

    async def _to_people(
        self, here: Chat, theirs: chat.Person, message: messages.Message, command: commands.Found | None
    ) -> str | None:
        """What the shop's people are to hear is kept for them; a tap on a menu is for the bot whoever has the chat."""
        if not conversations.is_claimed():  # a question, answered before it is kept
            if theirs.with_people:
                raise conversations.HasEffect
            return None
        asker = Asker(None, _locale(message, None, None, self._shop), self._shop)
        customer_id = None if theirs.customer is None else theirs.customer.id
        lines = await person.hear(asker, here, customer_id, message)
        is_reply = command is not None and command.command.name == "dialogue"
        if lines is None and message.text and not is_reply:
            lines = await person.rated(asker, here, message.text)
        return None if lines is None else replies.fit(lines, more="")

    def greeting(self, message: messages.Message) -> str:
        """What somebody is told who comes to the chat."""
        asker = Asker(None, _locale(message, None, None, self._shop), self._shop)
        return replies.fit(greeting.back_again(asker), more=asker.say("more"))

    def apology(self, message: messages.Message, reading: Reading) -> str:
        """What is said where the answer failed."""
        return self._trouble[_locale(message, reading.command, None, self._shop)]


async def _lines(asker: Asker, message: messages.Message, reading: Reading) -> list[str]:
    command = reading.command
    if asker.known is not None and asker.known.state in ("closing", "closed"):
        raise customers.AccountClosed
    name = "" if command is None else command.command.name
    if asker.known is not None and asker.known.state != "active" and name not in _FOR_BLOCKED:
        return greeting.blocked(asker)
    if message.event in ("subscribe", "scan"):
        return await scenes.welcome(asker, message)
    said = message.event_key if message.event == "click" and command is None else message.text
    if said and (command is None or not command.is_to_the_letter):
        taught = await keyword_answers.answer(asker, "exact", said)
        if taught is not None:
            return taught
    if command is None or (asker.provider != "official_account" and name in _ABOUT_THE_CHAT):
        return await _not_understood(asker, message, reading.guesses)
    if asker.known is None and not command.command.for_strangers:
        return greeting.stranger(asker)
    return await command.command.answer(asker)


async def _not_understood(asker: Asker, message: messages.Message, guesses: tuple[str, ...]) -> list[str]:
    if not message.text:
        return help.not_understood(asker) if message.event else help.not_readable(asker, message.kind)
    taught = await keyword_answers.answer(asker, "contains", message.text)
    if taught is not None:
        return taught
    await chat_unanswered.count(plain(binding.masked(message.text)))
    if guesses:
        return await help.ask_back(replace(asker, asked=replace(asker.asked, choices=guesses)))
    return help.not_understood(asker)


def _command(message: messages.Message, lesson: Lesson) -> commands.Found | None:
    if message.event:
        return commands.by_menu_key(message.event_key, lesson.words) if message.event == "click" else None
    return commands.find(message.text, lesson.words) if message.text else None


def _locale(
    message: messages.Message, command: commands.Found | None, known: customers.Customer | None, shop: Shop
) -> str:
    """The language of the command's word if it is English; else what the customer has chosen; a stranger's is guessed."""
    if command is not None and command.locale == "en":
        return "en"
    if known is not None:
        return known.locale if known.locale in words.LOCALES else shop.locale
    is_english = _ENGLISH.search(message.text) and not _CHINESE.search(message.text)
    return "en" if is_english else shop.locale
