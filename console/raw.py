"""Notifications as they came, made readable: JSON and forms spread over lines, and what is secret or personal in them masked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

_SECRET = frozenset(
    {
        "sign", "signature", "ciphertext", "nonce", "associated_data", "authorization", "cookie", "token", "access_token",
        "wechatpay-signature", "openid", "sub_openid", "buyer_id", "buyer_open_id", "buyer_logon_id", "buyer_user_id", "payer_openid",
        "session_key", "phone", "mobile", "user_name",
    }
)  # fmt: skip
"""Names, without regard to case, whose values are not shown."""
_SHOWN = 4
"""So much of a masked value is left, to tell two apart."""


def masked(text: str) -> str:
    """A value that is not shown: its beginning, and how long it is."""
    return f"{text[:_SHOWN]}… ({len(text)})" if len(text) > 2 * _SHOWN else "…"


def headers(given: Mapping[str, str]) -> list[tuple[str, str]]:
    """The headers of a notification in order of their names."""
    return [(name, masked(value) if _is_secret(name) else value) for name, value in sorted(given.items())]


def body(text: str) -> str:
    """What was sent, as people read it; what is neither JSON nor a form is shown as it is."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        pairs = parse_qsl(text)
        if not pairs:
            return text
        found = {name: _read(value) for name, value in pairs}
    return json.dumps(_without_secrets(found), ensure_ascii=False, indent=2)


def _read(value: str) -> Any:
    """Forms carry JSON in some of their values."""
    if value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _without_secrets(found: Any) -> Any:
    if isinstance(found, dict):
        return {
            name: masked(str(value)) if _is_secret(name) and value is not None else _without_secrets(value)
            for name, value in found.items()
        }
    return [_without_secrets(one) for one in found] if isinstance(found, list) else found


def _is_secret(name: str) -> bool:
    return name.lower() in _SECRET
