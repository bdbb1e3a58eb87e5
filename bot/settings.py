"""What the doors for pushed messages are built from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from core import words


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


@dataclass(frozen=True, slots=True)
class Shop:
    """The shop as chats name it, and the language for people who have not chosen one."""

    name: str
    locale: str = words.DEFAULT_LOCALE


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long things may take. The platform cuts the connection after five seconds and sends the message again."""

    answer_s: float = 4.0
    follow_up_s: float = 20.0
    """How long an answer that comes too late may take altogether before it is given up."""


class CustomerMessages(Protocol):
    """Sends a text outside the reply; ``gateways.wechat.OfficialAccount`` does."""

    async def send_customer_message(self, openid: str, text: str) -> None: ...
