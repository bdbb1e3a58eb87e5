"""What handlers are given: who asks, and what the door was built with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, cast

from billing import inbox
from billing.channels import Channels
from core.bell import Bell
from members import duties, operators, single_sign_on
from members.conversation_events import CHANNEL
from shop import chat_menus, chat_scenes, images
from shop.chat_vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Operator:
    """The signed-in operator and the token they came with."""

    on_duty: operators.OnDuty
    token: str = field(repr=False)

    @property
    def id(self) -> int:
        return self.on_duty.id

    @property
    def name(self) -> str:
        return self.on_duty.name

    @property
    def posts(self) -> tuple[duties.Post, ...]:
        return self.on_duty.posts

    @property
    def label(self) -> str:
        return f"operator:{self.id}"

    def may(self, duty: str) -> bool:
        """Whether they may do what routes of this duty do, somewhere at least."""
        return duties.allowed(self.posts, cast(duties.Duty, duty))

    def stores(self, duty: duties.Duty) -> frozenset[str] | None:
        """The codes of the stores they may do it in; None: everywhere."""
        return duties.stores(self.posts, duty)

    def refuse_other_store(self, duty: duties.Duty, store: str | None) -> None:
        """Refuses a store, or with None what is the whole shop's, in which they have not got the duty.

        Raises:
            NotYourStore.
        """
        theirs = self.stores(duty)
        if theirs is not None and store not in theirs:
            raise duties.NotYourStore(store=store or "")


RedisState = Literal["ok", "no_answer", "not_configured"]


async def _no_redis() -> RedisState:
    return "not_configured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the door needs of the shop."""

    channels: Channels
    images: images.Store
    vocabulary: Vocabulary
    menus: chat_menus.Configured = field(default_factory=chat_menus.Configured)
    scene_codes: chat_scenes.Platform | None = None
    readers: inbox.Readers = field(default_factory=dict)
    shop_name: str = ""
    identity_provider: single_sign_on.House | None = None
    """Where operators may sign in once for all; None: the shop has none."""
    redis_state: Callable[[], Awaitable[RedisState]] = _no_redis
    """Whether Redis answers."""
    bell: Bell = field(default_factory=lambda: Bell(None, CHANNEL))
    """Rings when something happens in a conversation."""
