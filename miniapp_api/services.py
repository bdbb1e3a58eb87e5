"""What handlers are given: who asks, and what the door was built with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from billing.channels import Channels
from core import http as kit
from members import confirming, sign_in
from notifications import codes, templates
from shop import images

_LONGEST_ID = 18


@dataclass(frozen=True, slots=True)
class Customer:
    """The signed-in customer, as they stood when the request came in."""

    admitted: sign_in.Admitted

    @property
    def id(self) -> int:
        return self.admitted.customer.id

    @property
    def label(self) -> str:
        return f"customer:{self.admitted.customer.id}"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a good token. Whether they may still come in is asked by the desk. ``chat_id``: the chat of the official account they
    signed in by, on a page."""

    id: int
    chat_id: int | None = None

    @classmethod
    def of(cls, who: sign_in.SignedIn) -> Self:
        """Who has just signed in."""
        return cls(who.customer.id, who.chat_id)

    @classmethod
    def read(cls, subject: str) -> Self | None:
        """What ``subject`` wrote; None: it was not us. A number that no row can have would be refused to everybody whose customer is read
        in the same statement."""
        parts = subject.split(":")
        if len(parts) > 2 or not all(part.isdecimal() and len(part) <= _LONGEST_ID for part in parts):
            return None
        return cls(*map(int, parts))

    @property
    def subject(self) -> str:
        """What their token says: ``17``, or ``17:45`` on a page."""
        return str(self.id) if self.chat_id is None else f"{self.id}:{self.chat_id}"

    @property
    def label(self) -> str:
        return f"customer:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the door needs of the shop: tokens, the mini-programs people sign in through, channels, and the template of
    each kind of subscribe message."""

    tokens: kit.Tokens
    mini_program: sign_in.LoginPlatform
    phones: confirming.PhonePlatform
    """The mini-program, as it tells phone numbers."""
    mini_app_id: str
    channels: Channels
    images: images.Store
    """Where the pictures of products are kept."""
    alipay: sign_in.AlipayPlatform | None = None
    alipay_app_id: str = ""
    pages: sign_in.Pages | None = None
    message_templates: Mapping[str, templates.Template] = field(default_factory=dict)
    code_senders: codes.Senders = field(default_factory=dict)
    """How codes go out that confirm a phone number or an e-mail address."""
    shop_name: str = ""
