"""The official account's two ways to its followers: template messages and customer-service messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from core import clock, db
from gateways.wechat.official_account import MiniProgramPage
from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from notifications import templates
from notifications.channels import platform
from notifications.channels.channel import Channel, Found
from notifications.letters import Letter, Outcome
from notifications.wordings import Wordings


class Sender(Protocol):
    """The official account's side of sending; ``gateways.wechat.OfficialAccount`` is one."""

    async def send_template_message(
        self,
        *,
        openid: str,
        template_id: str,
        values: Mapping[str, str],
        url: str | None = None,
        page: MiniProgramPage | None = None,
        client_msg_id: str | None = None,
    ) -> str: ...

    async def send_customer_message(self, openid: str, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class TemplateDraft:
    """One template message."""

    openid: str
    template_id: str
    values: Mapping[str, str]
    page: MiniProgramPage | None


class TemplateMessages(Channel[TemplateDraft]):
    """Template messages of one official account, for kinds that operators have chosen a template for.

    Each bears our number as ``client_msg_id``: to one openid the platform sends one message of a number, for ten minutes, and promises
    nothing after them (developers.weixin.qq.com, "发送模板消息"; its words stand in github.com/silenceper/wechat/pull/651). So one without an
    answer is repeated for less than that, and never later. What a repeat is answered is not written anywhere: a refusal counts as
    the first one's unknown end.
    """

    name = "template"
    can_find_out = True
    _REPEATED_FOR = timedelta(minutes=8)

    def __init__(self, sender: Sender, mini_app_id: str) -> None:
        """``mini_app_id``: the mini-program that a tap opens."""
        self._sender = sender
        self._mini_app_id = mini_app_id

    def draft(self, letter: Letter, wordings: Wordings) -> TemplateDraft | None:
        saved = wordings.of(letter.kind, "template", letter.locale)
        if letter.follower is None or saved is None:
            return None
        template = templates.of_content(saved)
        values = templates.fill(template, letter.kind, letter.params, letter.locale)
        page = None if template.page is None else MiniProgramPage(self._mini_app_id, template.page)
        return TemplateDraft(letter.follower, template.template_id, values, page)

    async def send(self, letter: Letter, draft: TemplateDraft) -> Outcome:
        try:
            number = await self._sender.send_template_message(
                openid=draft.openid,
                template_id=draft.template_id,
                values=draft.values,
                page=draft.page,
                client_msg_id=f"yucun-{letter.id}",
            )
        except PlatformRefused as refused:
            return platform.refusal(refused)
        except PlatformUnknown as unknown:
            return platform.silence(unknown)
        return Outcome("sent", number)

    async def find_out(self, letter: Letter) -> Found:
        since = letter.trying_at
        is_young = since is not None and clock.now() - since < self._REPEATED_FOR
        return "repeat" if is_young else Outcome("unknown")


_AFTER_A_MESSAGE, _AFTER_A_TAP = timedelta(hours=48), timedelta(minutes=1)
_TAPS = ("subscribe", "scan", "click")
_SPOKE = """
SELECT DISTINCT openid FROM chat_message
WHERE app_id = $1 AND openid = ANY ($2::text[]) AND received_at > $3
    AND (kind IN ('text', 'image', 'voice', 'video', 'shortvideo', 'location', 'link')
         OR (kind = ANY ($5::text[]) AND received_at > $4))
"""


@dataclass(frozen=True, slots=True)
class TextDraft:
    """One customer-service message."""

    openid: str
    text: str


class CustomerService(Channel[TextDraft]):
    """Texts to followers who wrote, followed or tapped a menu lately: the platform takes five within 48 hours of a message, three
    within a minute of the rest (developers.weixin.qq.com, "客服消息介绍"). Our books say who did; the platform knows exactly, and says
    45015 when the time is over and 45047 when the number is used up. Never repeated without an answer.
    """

    name = "customer_service"

    def __init__(self, sender: Sender, app_id: str) -> None:
        """``app_id``: the official account's, under which what people wrote is kept."""
        self._sender = sender
        self._app_id = app_id

    async def admit(self, drafts: Sequence[tuple[Letter, TextDraft]]) -> set[int]:
        now = clock.now()
        openids = sorted({draft.openid for _, draft in drafts})
        rows = await db.fetch(
            _SPOKE, self._app_id, openids, now - _AFTER_A_MESSAGE, now - _AFTER_A_TAP, list(_TAPS)
        )
        spoke = {row[0] for row in rows}
        return {letter.id for letter, draft in drafts if draft.openid in spoke}

    def draft(self, letter: Letter, wordings: Wordings) -> TextDraft | None:
        if letter.follower is None:
            return None
        saved = wordings.of(letter.kind, "customer_service", letter.locale)
        return TextDraft(letter.follower, templates.text(saved, letter.kind, letter.params, letter.locale))

    async def send(self, letter: Letter, draft: TextDraft) -> Outcome:
        try:
            await self._sender.send_customer_message(draft.openid, draft.text)
        except PlatformRefused as refused:
            return platform.refusal(refused)
        except PlatformUnknown as unknown:
            return platform.silence(unknown)
        return Outcome("sent")
