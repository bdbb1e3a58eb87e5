"""What handlers are given: who asks, and what the door was built with."""

from dataclasses import dataclass, field
from datetime import timedelta

from billing import inbox
from billing.channels import Channels
from members import operators


@dataclass(frozen=True, slots=True)
class Operator:
    """The signed-in operator and the token they came with."""

    id: int
    name: str
    token: str

    @property
    def label(self) -> str:
        return f"operator:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the door needs of the shop."""

    channels: Channels
    readers: inbox.Readers = field(default_factory=dict)
    shop_name: str = ""
    session_lifetime: timedelta = operators.SESSION_LIFETIME
