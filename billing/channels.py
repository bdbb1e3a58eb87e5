"""The payment channels the shop has opened, and what an attempt at each is checked against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from core import errors
from gateways.channel import Channel


class NoSuchChannel(errors.Invalid):
    """The shop does not take payments by this channel and method."""

    code = "no_such_channel"


@dataclass(frozen=True, slots=True)
class OpenChannel:
    """A channel with the app and merchant its trades must name.

    ``official_app_id`` is the official account bound to the merchant number at WeChat Pay, for pages inside WeChat;
    ``mini_program_app_id`` the Alipay mini-program, where it is another than ``app_id``.
    """

    channel: Channel
    app_id: str
    merchant_id: str
    official_app_id: str | None = None
    mini_program_app_id: str | None = None


@dataclass(frozen=True, slots=True)
class Channels:
    """All open channels by name, and the shop's own web origins, to which customers may be led back after paying."""

    by_name: Mapping[str, OpenChannel]
    home_origins: tuple[str, ...] = ()

    def find(self, name: str, method: str | None = None) -> OpenChannel:
        """The channel of that name, able to pay by ``method``.

        Raises:
            NoSuchChannel: it is not open, or cannot do that.
        """
        found = self.by_name.get(name)
        if found is None or (method is not None and method not in found.channel.methods):
            raise NoSuchChannel(channel=name, method=method or "")
        return found

    def leads_home(self, url: str) -> bool:
        """Whether an address is one of the shop's own."""
        if not url.isascii() or any(letter <= " " or letter in '\\"<>' for letter in url):
            return False
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        return f"{parts.scheme}://{parts.netloc}" in self.home_origins
