"""The merchant's two WeChat accounts as the platform knows them, and how the platform says no."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Literal

from sandbox.credentials import Credentials
from sandbox.people import Person

AccountName = Literal["mini", "official"]


@dataclass
class PlatformError(Exception):
    """Answered with HTTP 200 and `errcode`, as the platform answers nearly everything."""

    errcode: int
    errmsg: str

    def body(self) -> dict[str, object]:
        return {"errcode": self.errcode, "errmsg": f"{self.errmsg} rid: {secrets.token_hex(4)}"}


@dataclass(frozen=True)
class Account:
    name: AccountName
    app_id: str
    secret: str
    original_id: str
    token: str
    encoding_aes_key: str

    def openid_of(self, person: Person) -> str:
        return person.mini_openid if self.name == "mini" else person.official_openid


def both(credentials: Credentials) -> dict[AccountName, Account]:
    return {
        "mini": Account(
            "mini",
            credentials.mini_app_id,
            credentials.mini_app_secret,
            credentials.mini_original_id,
            credentials.mini_token,
            credentials.mini_encoding_aes_key,
        ),
        "official": Account(
            "official",
            credentials.official_app_id,
            credentials.official_app_secret,
            credentials.official_original_id,
            credentials.official_token,
            credentials.official_encoding_aes_key,
        ),
    }
