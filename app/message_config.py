"""The settings of messages to customers: when, how many, by which channels."""

from datetime import time
from typing import Annotated, Literal

import pydantic
from pydantic import Field, StringConstraints

from app.config_values import Address, Secret, Section, Word
from members import people_rules
from notifications import policy


class AliyunSms(Section):
    access_key_id: Word
    access_key_secret: Secret
    sign_name: Annotated[str, StringConstraints(min_length=2, max_length=12)]
    code_template: Word | None = None
    code_variable: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,19}$")] = "code"
    base_url: Address = "https://dysmsapi.aliyuncs.com"


class Mail(Section):
    host: Word
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Word | None = None
    password: Secret | None = None
    sender: Annotated[str, StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$")]
    sender_name: Word | None = None

    @pydantic.model_validator(mode="after")
    def _signs_in(self) -> "Mail":
        if (self.username is None) != (self.password is None):
            raise ValueError("username 与 password 要一起写 · username and password go together")
        if self.username is not None and self.security == "none":
            raise ValueError(
                'security = "none" 时密码会明文传输 · with security = "none" the password would travel in the clear'
            )
        return self


Clockface = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^$")]


class Rates(Section):
    subscribe: Annotated[int, Field(ge=1, le=100_000)] = 200
    template: Annotated[int, Field(ge=1, le=100_000)] = 200
    customer_service: Annotated[int, Field(ge=1, le=100_000)] = 100
    sms: Annotated[int, Field(ge=1, le=100_000)] = 50
    email: Annotated[int, Field(ge=1, le=100_000)] = 10


class Messages(Section):
    transactional: tuple[policy.ChannelName, ...] = policy.CHANNELS
    reminder: tuple[policy.ChannelName, ...] = policy.CHANNELS
    marketing: tuple[policy.ChannelName, ...] = policy.FOR_MARKETING
    quiet_from: Clockface = "22:00"
    quiet_until: Clockface = "08:00"
    reminders_per_day: Annotated[int, Field(ge=0, le=1000)] = 10
    marketing_most: Annotated[int, Field(ge=0, le=1000)] = 1
    marketing_days: Annotated[int, Field(ge=1, le=366)] = 7
    give_up_days: Annotated[int, Field(ge=1, le=60)] = 7
    workers: Annotated[int, Field(ge=1, le=1000)] = 4
    rates_per_s: Rates = Rates()

    @pydantic.model_validator(mode="after")
    def _both_ends(self) -> "Messages":
        if bool(self.quiet_from) != bool(self.quiet_until):
            raise ValueError("quiet_from 与 quiet_until 要一起写 · quiet_from and quiet_until go together")
        return self

    @pydantic.model_validator(mode="after")
    def _no_offers_by_notices(self) -> "Messages":
        if policy.NO_MARKETING & set(self.marketing):
            raise ValueError(
                "微信不允许用订阅消息和模板消息发优惠 · WeChat allows no marketing by subscribe or template messages"
            )
        return self

    def policy(self) -> policy.Policy:
        """As delivery takes it."""
        return policy.Policy(
            channels={
                "transactional": self.transactional,
                "reminder": self.reminder,
                "marketing": self.marketing,
            },
            quiet_from=time.fromisoformat(self.quiet_from) if self.quiet_from else None,
            quiet_until=time.fromisoformat(self.quiet_until) if self.quiet_until else None,
            reminders_per_day=self.reminders_per_day,
            marketing_most=self.marketing_most,
            marketing_days=self.marketing_days,
            rates_per_s=dict(self.rates_per_s),
            workers=self.workers,
            give_up_days=self.give_up_days,
        )


class People(Section):
    opens: Clockface = ""
    closes: Clockface = ""
    days: Annotated[tuple[Annotated[int, Field(ge=1, le=7)], ...], Field(min_length=1, max_length=7)] = (
        1, 2, 3, 4, 5, 6, 7,
    )  # fmt: skip
    give_back_minutes: Annotated[int, Field(ge=1, le=1440)] = 30
    idle_minutes: Annotated[int, Field(ge=1, le=2880)] = 120
    rating_hours: Annotated[int, Field(ge=1, le=48)] = 24

    @pydantic.model_validator(mode="after")
    def _both(self) -> "People":
        if bool(self.opens) != bool(self.closes):
            raise ValueError("opens 与 closes 要一起写 · opens and closes go together")
        return self

    def rules(self) -> people_rules.Rules:
        """As the desk takes them."""
        return people_rules.Rules(
            opens=time.fromisoformat(self.opens) if self.opens else None,
            closes=time.fromisoformat(self.closes) if self.closes else None,
            days=frozenset(self.days),
            give_back_minutes=self.give_back_minutes,
            idle_minutes=self.idle_minutes,
            rating_hours=self.rating_hours,
        )
