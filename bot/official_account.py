"""What the official account says to each message and event."""

from __future__ import annotations

import functools
import re

from bot import (
    assent,
    binding,
    commands,
    dialogue_replies,
    greeting,
    help,
    keyword_answers,
    messages,
    replies,
    scenes,
)
from bot.answering import Answering
from bot.asker import Asker
from bot.dialogue import Dialogues, Turn
from bot.settings import Account, CustomerMessages, Shop
from bot.taught import Lesson, Taught
from bot.understanding import Understood
from bot.understanding.plain import plain
from core import errors, words
from members import chat, chat_languages, conversations, customers
from notifications import letterbox
from shop import chat_unanswered

_ENGLISH = re.compile(r"[A-Za-z]")
_CHINESE = re.compile(r"[㐀-鿿]")
_ACTED_ON = ("subscribe", "unsubscribe", "scan", "click", messages.TEMPLATE_SENT)
"""Events that have an effect or an answer; all others are only acknowledged."""


class OfficialAccount:
    """The account's side of its chats."""

    def __init__(
        self,
        account: Account,
        shop: Shop,
        answering: Answering,
        sender: CustomerMessages | None,
        dialogues: Dialogues | None = None,
        taught: Taught | None = None,
    ) -> None:
        self._account = account
        self._shop = shop
        self._answering = answering
        self._sender = sender
        self._dialogues = dialogues or Dialogues(None)
        self._taught = taught or Taught()

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

        lesson = await self._taught.now()
        reply = None if message.event else assent.read(message.text)
        turn = await self._dialogues.turn(
            received.app_id, received.openid, received.dedup_key, recall=reply is not None
        )
        command = dialogue_replies.found(turn, reply) or _command(message, lesson)

        async def follow_up(text: str) -> None:
            if self._sender is not None:
                await self._sender.send_customer_message(message.openid, text)

        said = await self._answering.answer(
            received,
            lambda: self._say(message, turn, command, lesson),
            by=by,
            apology="" if message.event == "unsubscribe" else self._apology(message, command),
            follow_up=follow_up,
            is_question=command is not None and command.command.is_question,
            afterwards=functools.partial(self._dialogues.end, turn),
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

    async def _say(
        self, message: messages.Message, turn: Turn, command: commands.Found | None, lesson: Lesson
    ) -> str:
        if message.event == "unsubscribe":
            await chat.met(self._account.app_id, message.openid, follows=False)
            await chat_languages.unfollowed(self._account.app_id, message.openid)
            return ""
        if message.event == "subscribe":
            await chat.met(self._account.app_id, message.openid, follows=True)
        person = await chat.person(self._account.app_id, message.openid)
        known = person.customer
        turn.begin(None if known is None else known.id)
        asked = command.asked if command else Understood(message.text)
        turn.locale = _locale(message, command, known, self._shop)
        asker = Asker(
            known, turn.locale, self._shop, asked,
            app_id=self._account.app_id, openid=message.openid, balance=person.balance, turn=turn, lesson=lesson,
        )  # fmt: skip
        try:
            lines = await _lines(asker, message, command)
        except errors.DomainError as refusal:
            lines = [refusal.sentence(asker.locale)]
        return replies.fit(lines, more=asker.say("more"))

    def _apology(self, message: messages.Message, command: commands.Found | None) -> str:
        locale = _locale(message, command, None, self._shop)
        return Asker(None, locale, self._shop).say("trouble")


async def _lines(asker: Asker, message: messages.Message, command: commands.Found | None) -> list[str]:
    if asker.known is not None and asker.known.state in ("closing", "closed"):
        raise customers.AccountClosed
    if asker.known is not None and asker.known.state != "active":
        return greeting.blocked(asker)
    if message.event in ("subscribe", "scan"):
        return await scenes.welcome(asker, message)
    said = message.event_key if message.event == "click" and command is None else message.text
    if said and (command is None or not command.is_to_the_letter):
        taught = await keyword_answers.answer(asker, "exact", said)
        if taught is not None:
            return taught
    if command is None:
        return await _not_understood(asker, message)
    if asker.known is None and not command.command.for_strangers:
        return greeting.stranger(asker)
    return await command.command.answer(asker)


async def _not_understood(asker: Asker, message: messages.Message) -> list[str]:
    if not message.text:
        return help.not_understood(asker) if message.event else help.not_readable(asker, message.kind)
    taught = await keyword_answers.answer(asker, "contains", message.text)
    if taught is not None:
        return taught
    await chat_unanswered.count(plain(binding.masked(message.text)))
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
