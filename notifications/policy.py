"""Policy: how the shop wants its customers told. Every process is given it once, from its settings, before it serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Literal, get_args

from notifications.kinds import Class

ChannelName = Literal["subscribe", "template", "customer_service", "sms", "email"]
CHANNELS: tuple[ChannelName, ...] = get_args(ChannelName)
"""In the order they are tried: what WeChat shows first, what costs money last."""
INBOX = "inbox"
"""The mini-program's list of messages: where everything can be read, and what is left when no channel is open."""

NO_MARKETING: frozenset[ChannelName] = frozenset({"subscribe", "template"})
"""Never used for marketing. Template messages: "不支持广告等营销类消息" (developers.weixin.qq.com, "模板消息"). Subscribe messages are to say what
who accepted them expects (the platform's notice of 2019-10-12, "小程序模板消息能力调整通知"); that this is no offer is how we read it."""
FOR_MARKETING: tuple[ChannelName, ...] = ("sms", "email")
"""Not by customer-service messages unless a shop says so: they are for answers, and offers that nobody asked for are punished as misuse
(notice of 2016-01-20, "关于整顿滥用客服接口和模板消息接口行为的公告")."""
_EVERY: Mapping[Class, tuple[ChannelName, ...]] = {
    "transactional": CHANNELS,
    "reminder": CHANNELS,
    "marketing": FOR_MARKETING,
}
_RATES: Mapping[str, int] = {
    "subscribe": 200,
    "template": 200,
    "customer_service": 100,
    "sms": 50,
    "email": 10,
}


@dataclass(frozen=True, slots=True)
class Policy:
    """The shop's choices. ``config.example.toml`` explains each under ``[messages]``."""

    channels: Mapping[Class, tuple[ChannelName, ...]] = field(default_factory=lambda: _EVERY)
    """Which channels carry a class of messages, the first first."""
    quiet_from: time | None = None
    quiet_until: time | None = None
    """Hours, in the shop's zone, in which only transactional messages go out; over midnight where the first is later. None: none."""
    reminders_per_day: int = 10
    """So many reminders a customer gets by channels in 24 hours; what is more is shown in the inbox only."""
    marketing_most: int = 1
    marketing_days: int = 7
    """So much marketing a customer gets in so many days; what is more is not sent."""
    rates_per_s: Mapping[str, int] = field(default_factory=lambda: _RATES)
    """How many a channel is given in a second by all workers together."""
    workers: int = 4
    """Among how many workers a rate is divided while Redis is away."""
    give_up_days: int = 7
    """So long a message is tried before it is dead."""


_DEFAULT = Policy()
_current = _DEFAULT


def current() -> Policy:
    """The policy in force in this process."""
    return _current


def use(chosen: Policy = _DEFAULT) -> None:
    """From now on this policy is in force; without an argument one without quiet hours."""
    global _current
    _current = chosen
