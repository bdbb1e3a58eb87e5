"""The demo's settings file: the sandbox's credentials in the place of a merchant's real ones."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import words


@dataclass(frozen=True, slots=True)
class Places:
    """The ports of the demo, all on 127.0.0.1."""

    server_port: int
    sandbox_port: int
    wechat_pay_port: int
    alipay_port: int

    @property
    def server_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"


MONEY = {
    "included_tax_percent": 13,
    "order_instalment_parts": [3, 6],
    "order_instalments_from_fen": 20_000,
}
"""What the demo's shop settles otherwise than a shop that says nothing."""


def write(home: Path, places: Places, *, database_url: str, redis_url: str) -> Path:
    """Writes ``config.toml`` under ``home`` from the credentials the sandbox handed out, and returns its path."""
    given = json.loads((home / "sandbox" / "merchant" / "credentials.json").read_text(encoding="utf-8"))
    path = home / "config.toml"
    with _private(path) as file:
        file.write("# 由 yucun demo 写成，每次启动都会重写。 · Written by yucun demo at every start.\n")
        file.write(_toml(_settings(home, places, given, database_url, redis_url)))
    return path


def _settings(
    home: Path, places: Places, given: dict[str, Any], database_url: str, redis_url: str
) -> dict[str, Any]:
    return {
        "shop": {"name": "一盏茶体验店"},
        "server": {
            "port": places.server_port,
            "public_url": places.server_url,
            "allowed_origins": [places.sandbox_url],
        },
        "database": {"url": database_url},
        "images": {"directory": str(home / "images")},
        "redis": {"url": redis_url},
        "clock": {"follow_url": f"{places.sandbox_url}/world/clock"},
        "tokens": {"customer_keys": [{"kid": "demo", "secret": _kept_key(home, "token_key")}]},
        "sealing": {
            "search_key": _kept_key(home, "search_key"),
            "keys": [{"kid": "demo", "secret": _kept_key(home, "seal_key")}],
        },
        "wechat": _wechat(places, given),
        **_channels(places, given),
        "money": MONEY,
        "messages": {"quiet_from": "", "quiet_until": ""},  # who looks at the demo wants to see its messages
        "jobs": {
            "due_run_s": 2,
            "outbox_s": 1,
            "payment_poll_s": 5,
            "expiry_s": 5,
            "look_up_s": 1,
            "proof_s": 60,
            "seal_s": 10,
            "reconciliation_s": 20,
        },
        "logging": {"format": "text"},
    }


def _wechat(places: Places, given: dict[str, Any]) -> dict[str, Any]:
    return {
        "api_base_url": places.sandbox_url,
        "mini_program": {
            "app_id": given["mini_app_id"],
            "secret": given["mini_app_secret"],
            "push": "safe",
            "token": given["mini_token"],
            "encoding_aes_key": given["mini_encoding_aes_key"],
            "pages": {
                "top_up": "pages/top-up/index",
                "bill": "pages/bill/index",
                "order": "pages/order/index",
            },
        },
        "official_account": {
            "app_id": given["official_app_id"],
            "secret": given["official_app_secret"],
            "original_id": given["official_original_id"],
            "token": given["official_token"],
            "encoding_aes_key": given["official_encoding_aes_key"],
        },
        "message_templates": _templates(given["subscribe_templates"]),
    }


def _channels(places: Places, given: dict[str, Any]) -> dict[str, Any]:
    return {
        "wechat_pay": {
            "mch_id": given["mch_id"],
            "serial_no": given["merchant_serial_no"],
            "private_key": given["merchant_private_key_pem"],
            "api_v3_key": given["api_v3_key"],
            "public_key_id": given["wechat_pay_public_key_id"],
            "public_key": given["wechat_pay_public_key_pem"],
            "base_urls": [f"http://127.0.0.1:{places.wechat_pay_port}"],
            "transfer_scene_id": "1011",
            "transfer_scene_infos": {"赔付原因": "预存款退款"},
        },
        "alipay": {
            "app_id": given["alipay_app_id"],
            "seller_id": given["alipay_seller_id"],
            "app_private_key": given["alipay_app_private_key_pem"],
            "alipay_public_key": given["alipay_public_key_pem"],
            "gateway_url": f"http://127.0.0.1:{places.alipay_port}/gateway.do",
        },
    }


_FIELDS = {
    "topped_up": {"amount1": "amount", "amount2": "bonus", "amount3": "balance", "time4": "time"},
    "deducted": {"thing1": "title", "amount2": "amount", "amount3": "balance", "time4": "time"},
    "refunded": {"amount1": "amount", "time2": "time", "thing3": "tip"},
    "adjusted": {"thing1": "title", "amount2": "amount", "amount3": "balance", "time4": "time"},
    "low_balance": {"amount1": "balance", "amount2": "amount", "thing3": "tip"},
    "payment_due": {"thing1": "title", "amount2": "amount", "date3": "time", "thing4": "tip"},
}
"""Which of our values goes into which field of the templates the sandbox's merchant has picked."""


def _templates(given: dict[str, str]) -> dict[str, Any]:
    return {
        kind: {
            "template_id": given[kind],
            "title": words.say(f"messages.{kind}.title"),
            "fields": fields,
            "page": "pages/account/index",
        }
        for kind, fields in _FIELDS.items()
    }


def _kept_key(home: Path, name: str) -> str:
    """Made once, so that a restart signs nobody out and can read what was sealed."""
    kept = home / name
    if not kept.exists():
        with _private(kept) as file:
            file.write(secrets.token_hex(32))
    return kept.read_text()


def _private(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8")


def _toml(table: dict[str, Any], place: str = "") -> str:
    """The few shapes of TOML that settings need; JSON writes texts, numbers and lists of texts as TOML does."""
    lines = [f"[{place}]"] if place else []
    inner: list[str] = []
    for key, value in table.items():
        if isinstance(value, dict):
            inner.append(_toml(value, f"{place}.{key}".lstrip(".")))
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            inner.extend(_toml(one, f"[{place}.{key}]") for one in value)
        else:
            named = key if key.isascii() else json.dumps(key, ensure_ascii=False)
            lines.append(f"{named} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join([*lines, "", *inner])
