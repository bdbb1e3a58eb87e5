"""What the mini-program's pushes tell us: which subscribe messages its users accept, and what they write to the service desk."""

from __future__ import annotations

import logging

from bot import messages, replies
from bot.answering import Answering
from bot.settings import Account
from members import conversations
from notifications import quota

log = logging.getLogger(__name__)

_POPUP = "subscribe_msg_popup_event"
_CHANGED = "subscribe_msg_change_event"
_SENT = "subscribe_msg_sent_event"
_NOT_ACCEPTED = "43101"


class MiniProgram:
    """The mini-program's side of its message push."""

    def __init__(self, account: Account, answering: Answering) -> None:
        self._account = account
        self._answering = answering

    async def respond(self, message: messages.Message, by: float) -> str:
        """``success``; a person's message is passed on to the people at the service desk, or it would be lost here."""
        if message.kind != "event":
            return replies.to_service_desk(to=message.openid, account=message.account)
        if message.event in (_POPUP, _CHANGED, _SENT):
            received = conversations.Received(
                app_id=self._account.app_id,
                dedup_key=message.dedup_key,
                openid=message.openid,
                kind=message.event,
                content=" ".join(f"{row.template_id}={row.status}" for row in message.templates),
            )
            await self._answering.answer(received, lambda: self._count(message), by=by, apology="")
        return replies.NOTHING

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
