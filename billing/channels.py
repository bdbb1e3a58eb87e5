"""The payment channels the shop has opened, and what an attempt at each is checked against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core import errors
from gateways.channel import Channel


class NoSuchChannel(errors.Invalid):
    """The shop does not take payments by this channel and method."""

    code = "no_such_channel"


@dataclass(frozen=True, slots=True)
class OpenChannel:
    """A channel with the app and merchant its trades must name."""

    channel: Channel
    app_id: str
    merchant_id: str


@dataclass(frozen=True, slots=True)
class Channels:
    """All open channels by name."""

    by_name: Mapping[str, OpenChannel]

    def find(self, name: str, method: str | None = None) -> OpenChannel:
        """The channel of that name, able to pay by ``method``.

        Raises:
            NoSuchChannel: it is not open, or cannot do that.
        """
        found = self.by_name.get(name)
        if found is None or (method is not None and method not in found.channel.methods):
            raise NoSuchChannel(channel=name, method=method or "")
        return found
