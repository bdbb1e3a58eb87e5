"""What every channel can be asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, Literal, TypeVar

from notifications.letters import Letter, Outcome
from notifications.policy import ChannelName
from notifications.wordings import Wordings

DraftT = TypeVar("DraftT")

Found = Outcome | Literal["absent", "repeat"]
"""``absent``: the message certainly did not arrive, and is still to be sent. ``repeat``: nobody knows, and a repeat by the same
channel does no harm."""


class Channel(ABC, Generic[DraftT]):
    """One way to customers."""

    name: ClassVar[ChannelName]
    can_find_out: ClassVar[bool] = False
    """Whether ``find_out`` is worth asking about an attempt without an answer; where it is not, none is ever repeated."""

    @abstractmethod
    def draft(self, letter: Letter, wordings: Wordings) -> DraftT | None:
        """The message as this channel sends it; None: the customer cannot be reached by it, or there are no words for it."""

    @abstractmethod
    async def send(self, letter: Letter, draft: DraftT) -> Outcome:
        """One attempt. Never raises for what the other side says or fails to say."""

    async def admit(self, drafts: Sequence[tuple[Letter, DraftT]]) -> set[int]:
        """Which of these may be sent as far as the channel's own books know; by message id."""
        return {letter.id for letter, _ in drafts}

    async def settle(self, tried: Sequence[tuple[Letter, DraftT, Outcome | None]]) -> None:
        """Is told what came of everything it admitted; None: nothing, it was not tried after all."""

    async def find_out(self, letter: Letter) -> Found:
        """What became of an attempt whose answer nobody has; ``later``: ask again."""
        return Outcome("unknown")
