"""What the doors for pushed messages are built from."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Literal, Protocol
from urllib.parse import urlencode

from core import words

PageName = Literal["top_up", "bill", "order"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An official account or a mini-program, as its console's page about message pushes says.

    With ``mode`` safe, messages that are not encrypted are refused (compatible mode sends both and is read as safe). With
    ``mode`` plain, encrypted messages are read as well if there is a key, so that the console can be switched first.
    ``previous_encoding_aes_key``: still accepted, since the platform goes on using the old key for a while after a change.
    """

    app_id: str
    token: str = field(repr=False)
    encoding_aes_key: str | None = field(default=None, repr=False)
    previous_encoding_aes_key: str | None = field(default=None, repr=False)
    mode: Literal["safe", "plain"] = "safe"
    original_id: str | None = None
    """``gh_…``; messages for another account are refused. None: not checked."""

    def __post_init__(self) -> None:
        if self.mode == "safe" and self.encoding_aes_key is None:
            raise ValueError("safe mode needs an EncodingAESKey")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Pages of the mini-program that an answer leads to; what is None has no page of its own."""

    app_id: str
    top_up: str | None = None
    bill: str | None = None
    order: str | None = None

    def leads_to(self, page: PageName) -> bool:
        """Whether there is such a page."""
        return getattr(self, page) is not None

    def link(self, page: PageName, words: str, **query: object) -> str:
        """A link in a text (developers.weixin.qq.com, "客服接口-发消息": 插入跳小程序的文字链). A client that does not know mini-programs
        shows the words. The mini-program has to be bound to the account."""
        path = getattr(self, page)
        if path is None:
            return words
        asked = urlencode({name: value for name, value in query.items() if value is not None})
        full = html.escape(f"{path}?{asked}" if asked else path)
        return f'<a data-miniprogram-appid="{html.escape(self.app_id)}" data-miniprogram-path="{full}">{words}</a>'


@dataclass(frozen=True, slots=True)
class Shop:
    """The shop as chats name it, the language for people who have not chosen one, and the pages of its mini-program."""

    name: str
    locale: str = words.DEFAULT_LOCALE
    pages: Pages | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long things may take. The platform cuts the connection after five seconds and sends the message again."""

    answer_s: float = 4.0
    follow_up_s: float = 20.0
    """How long an answer that comes too late may take altogether before it is given up."""
    taught_s: float = 2.0
    """How old what operators have taught may be before it is looked after."""


class CustomerMessages(Protocol):
    """Sends a text outside the reply; ``gateways.wechat.OfficialAccount`` and ``MiniProgram`` do."""

    async def send_customer_message(self, openid: str, text: str) -> None: ...
