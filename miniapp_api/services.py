"""What handlers are given: who asks, and what the door was built with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from billing.channels import Channels
from core import http as kit
from members import confirming, sign_in
from notifications import codes, templates
from shop import images


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
    """Who holds a good token. Whether they may still come in is asked by the desk."""

    id: int

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
