"""What a provider of short messages is asked, in nobody's dialect. Another provider is another file beside Alibaba Cloud's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Text:
    """One short message. Providers in China send approved templates only: `template_code` names one, `params` fill it.

    `phone` has eleven digits, or begins with + and the country's code. `reference` is ours and is found again by `find`.
    """

    phone: str
    sign_name: str
    template_code: str
    params: Mapping[str, str]
    reference: str


class SmsError(Exception):
    """A call to the provider that did not succeed."""


class SmsRefused(SmsError):
    """The provider said no, for good. `is_number`: because of the number, which is none, or is on a list of those not to be
    written to."""

    def __init__(self, code: str, message: str, *, is_number: bool = False) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.is_number = is_number


class Shortage(SmsError):
    """Not now: a limit of the provider's is reached, or its own system is away; certainly not sent."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class SmsUnknown(SmsError):
    """No usable answer: it may have been sent. `maybe_executed` is False where the provider was certainly not reached."""

    def __init__(self, reason: str, *, maybe_executed: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.maybe_executed = maybe_executed


@dataclass(frozen=True, slots=True)
class Found:
    """What the provider knows of a message: accepted and on its way, there, or not to be had (`code` is the network's; `is_number`:
    because of the number)."""

    state: Literal["waiting", "delivered", "failed"]
    code: str = ""
    is_number: bool = False


class Provider(Protocol):
    """A provider of short messages."""

    async def send(self, text: Text) -> str:
        """Sends one and returns the provider's number of it.

        Raises: SmsRefused, Shortage, SmsUnknown.
        """
        ...

    async def find(self, phone: str, on: date, reference: str) -> Found | None:
        """What became of the message of this reference, sent to this number on this day in Beijing; None: there is none.

        Raises: SmsRefused, Shortage, SmsUnknown.
        """
        ...
