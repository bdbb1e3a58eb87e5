"""What the mini-program's pushes tell us: which subscribe messages its users accept, and what they write to its customer service.

A message to customer service has no reply of its own: what we say goes out as a customer-service message (five within 48 hours of a message,
two within a minute of entering; developers.weixin.qq.com, "客服消息"). It is written down in the transaction that takes the message in, and
carried right after; whoever dies between leaves it to the clock.
"""

from __future__ import annotations

import asyncio
import functools
import logging

from bot import binding, messages, replies
from bot.answering import Answering
from bot.dialogue import Dialogues
from bot.guessing import Guessing
from bot.official_account import OfficialAccount, Reading
from bot.settings import Account, CustomerMessages, Shop
from bot.taught import Taught
from members import chat_outgoing, conversations
from notifications import quota

log = logging.getLogger(__name__)

_POPUP = "subscribe_msg_popup_event"
_CHANGED = "subscribe_msg_change_event"
_SENT = "subscribe_msg_sent_event"
_ENTERED = "user_enter_tempsession"
_NOT_ACCEPTED = "43101"


class MiniProgram:
    """The mini-program's side of its message push."""

    def __init__(
        self,
        account: Account,
        shop: Shop,
        answering: Answering,
        sender: CustomerMessages | None,
        dialogues: Dialogues | None = None,
        taught: Taught | None = None,
        guessing: Guessing | None = None,
    ) -> None:
        """``sender`` None: messages to customer service are passed on to the platform's own service desk."""
        self._account = account
        self._answering = answering
        self._sender = sender
        self._chats = OfficialAccount(
            account, shop, answering, None, dialogues, taught, guessing, provider="mini_program"
        )
        self._carrying: set[asyncio.Task[None]] = set()

    async def respond(self, message: messages.Message, by: float) -> str:
        """``success``; without a sender a person's message is passed on to the platform's service desk, or it would be lost here."""
        if message.kind == "event" and message.event in (_POPUP, _CHANGED, _SENT):
            await self._answering.answer(
                self._received(
                    message, " ".join(f"{row.template_id}={row.status}" for row in message.templates)
                ),
                lambda: self._count(message),
                by=by,
                apology="",
            )
        elif message.kind != "event" and self._sender is None:
            return replies.to_service_desk(to=message.openid, account=message.account)
        elif self._sender is not None and (message.kind != "event" or message.event == _ENTERED):
            await self._serve(message, by, self._sender)
        return replies.NOTHING

    async def close(self) -> None:
        """Lets what is being carried arrive; the rest is the clock's."""
        if self._carrying:
            await asyncio.wait(self._carrying, timeout=2.0)

    def _received(self, message: messages.Message, content: str) -> conversations.Received:
        return conversations.Received(
            app_id=self._account.app_id,
            dedup_key=message.dedup_key,
            openid=message.openid,
            kind=message.event or message.kind,
            content=content,
        )

    async def _serve(self, message: messages.Message, by: float, sender: CustomerMessages) -> None:
        reading = await self._chats.read(message)

        async def act() -> str:
            said = await self._said(message, reading)
            if said:
                await self._write_down(message.openid, said)
            return ""

        async def apologise(text: str) -> None:
            try:
                await self._write_down(message.openid, text)
            except (
                Exception
            ) as error:  # this door's edge: nothing can be written down, and the platform wants its answer
                log.warning("nobody could be told of trouble: %s", type(error).__name__)
            else:
                self._carry(message.openid, sender)

        received = self._received(message, binding.masked(message.text))
        trouble = await self._answering.answer(
            received,
            act,
            by=by,
            apology=self._chats.apology(message, reading),
            follow_up=apologise,
            afterwards=functools.partial(self._chats.done, reading),
        )
        if trouble:
            await apologise(trouble)
        else:
            self._carry(message.openid, sender)

    async def _said(self, message: messages.Message, reading: Reading) -> str:
        if message.event != _ENTERED:
            return await self._chats.say(message, reading)
        if await conversations.wrote_lately(self._account.app_id, message.openid):
            return ""  # who comes and goes is greeted once a day
        return self._chats.greeting(message)

    async def _write_down(self, openid: str, text: str) -> None:
        await chat_outgoing.queue(self._account.app_id, openid, text)

    def _carry(self, openid: str, sender: CustomerMessages) -> None:
        carrying = asyncio.create_task(self._carried(openid, sender))
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)

    async def _carried(self, openid: str, sender: CustomerMessages) -> None:
        try:
            await chat_outgoing.carry({self._account.app_id: sender}, openid)
        except Exception:
            log.exception("what waits for a chat could not be carried; the clock tries again")

    async def _count(self, message: messages.Message) -> str:
        """One accept is one message more. A refusal, in the popup or later in the settings, is the customer's latest word:
        nothing more is sent until the next accept."""
        app_id, openid = self._account.app_id, message.openid
        # always in one order, so that two pushes about the same templates cannot wait for each other
        for row in sorted(message.templates, key=lambda row: row.template_id):
            if message.event == _SENT:
                if row.error_code not in ("", "0"):
                    log.warning("a subscribe message did not arrive: %s %s", row.error_code, row.status)
                if row.error_code == _NOT_ACCEPTED:
                    await quota.exhausted(app_id, openid, row.template_id)
            elif row.status.startswith("accept"):  # acceptWithAudio is an accept as well
                if message.event == _POPUP:
                    await quota.accepted(app_id, openid, row.template_id)
            else:
                await quota.exhausted(app_id, openid, row.template_id)
        return ""
