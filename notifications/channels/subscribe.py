"""Subscribe messages of the mini-program: one accept of the customer is one message.

Without an answer a message may have been sent, and the platform knows no number of ours to ask about or to drop a repeat by: it
is never repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from notifications import quota, templates
from notifications.channels import platform
from notifications.channels.channel import Channel
from notifications.letters import Letter, Outcome
from notifications.wordings import Wordings

_NOTHING_LEFT = "43101"


class Sender(Protocol):
    """The mini-program's side of sending; ``gateways.wechat.MiniProgram`` is one."""

    async def send_subscribe_message(
        self,
        *,
        openid: str,
        template_id: str,
        values: Mapping[str, str],
        page: str | None = None,
        lang: str = "zh_CN",
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Draft:
    """One subscribe message."""

    openid: str
    template_id: str
    values: Mapping[str, str]
    page: str | None
    lang: str


class Subscribe(Channel[Draft]):
    """Subscribe messages of one mini-program."""

    name = "subscribe"

    def __init__(self, app_id: str, sender: Sender, by_kind: Mapping[str, templates.Template]) -> None:
        """``by_kind``: the templates of the settings, for kinds that operators have put no words to."""
        self._app_id = app_id
        self._sender = sender
        self._by_kind = by_kind

    def draft(self, letter: Letter, wordings: Wordings) -> Draft | None:
        if letter.openid is None:
            return None
        saved = wordings.of(letter.kind, "subscribe", letter.locale)
        template = templates.of_content(saved) if saved is not None else self._by_kind.get(letter.kind)
        if template is None:
            return None
        values = templates.fill(template, letter.kind, letter.params, letter.locale)
        lang = "en_US" if letter.locale == "en" else "zh_CN"
        return Draft(letter.openid, template.template_id, values, template.page, lang)

    async def admit(self, drafts: Sequence[tuple[Letter, Draft]]) -> set[int]:
        left = await quota.take_many(Counter(self._target(draft) for _, draft in drafts))
        admitted: set[int] = set()
        for letter, draft in drafts:
            if left.get(self._target(draft), 0) > 0:
                left[self._target(draft)] -= 1
                admitted.add(letter.id)
        return admitted

    async def send(self, letter: Letter, draft: Draft) -> Outcome:
        try:
            await self._sender.send_subscribe_message(
                openid=draft.openid,
                template_id=draft.template_id,
                values=draft.values,
                page=draft.page,
                lang=draft.lang,
            )
        except PlatformRefused as refused:
            return platform.refusal(refused)
        except PlatformUnknown as unknown:
            return platform.silence(unknown)
        return Outcome("sent")

    async def settle(self, tried: Sequence[tuple[Letter, Draft, Outcome | None]]) -> None:
        """An accept is used up by what was sent and by what may have been; 43101 says that there are none."""
        for _, draft, outcome in tried:
            if outcome is not None and outcome.code == _NOTHING_LEFT:
                await quota.exhausted(*self._target(draft))
            elif outcome is None or outcome.result in ("refused", "later"):
                await quota.give_back(*self._target(draft))

    def _target(self, draft: Draft) -> quota.Target:
        return (self._app_id, draft.openid, draft.template_id)
