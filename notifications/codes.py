"""One-time codes on their way: outside the outbox, because somebody waits for it with the phone in their hand, and it tells nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gateways.sms.provider import Provider, SmsError, SmsUnknown, Text
from notifications.addresses import Where


class NotSent(Exception):
    """It certainly did not leave: refused, or nobody was reached."""


class Sender(Protocol):
    """One way for codes."""

    async def send(self, address: str, code: str, *, minutes: int, locale: str, reference: str) -> None:
        """Sends it; an end nobody saw counts as sent, for who does not get it asks again.

        Raises:
            NotSent.
        """
        ...


Senders = Mapping[Where, Sender]


class ByShortMessage:
    """By an approved template of the kind 验证码, whose one variable is the code: Alibaba Cloud lets such have no other
    (help.aliyun.com, "短信模板规范")."""

    def __init__(
        self, provider: Provider, sign_name: str, template_code: str, variable: str = "code"
    ) -> None:
        self._provider = provider
        self._sign_name = sign_name
        self._template_code = template_code
        self._variable = variable

    async def send(self, address: str, code: str, *, minutes: int, locale: str, reference: str) -> None:
        text = Text(address, self._sign_name, self._template_code, {self._variable: code}, reference)
        try:
            await self._provider.send(text)
        except SmsUnknown as unknown:
            if not unknown.maybe_executed:
                raise NotSent from unknown
        except SmsError as refused:
            raise NotSent from refused
