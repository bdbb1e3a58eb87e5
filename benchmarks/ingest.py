"""Notifications of WeChat Pay over HTTP: verified, decrypted, written down, confirmed, posted. Against them the same confirming and
posting, over HTTP by the same server processes, of a trade that comes ready: no signature, no cipher, no inbox.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import secrets
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app import config
from benchmarks import http_doors, place, seeds, server
from benchmarks.rounds import Contest
from core import clock, db, ids, money
from gateways import keys
from gateways.channel import ChannelTrade

FLOOR = f"POST {server.CONFIRM}"
_ADDRESS = "/webhooks/wechat-pay"
_APP_ID, _MCH_ID, _KEY_ID = "wx-bench", "1900000001", "PUB_KEY_ID_0119000000012026"
_FEN = 10_000


@dataclass(frozen=True, slots=True)
class _Merchant:
    """WeChat Pay's key, and what it shares with the merchant."""

    wechat_pay: rsa.RSAPrivateKey
    api_v3_key: str

    @classmethod
    def made(cls) -> _Merchant:
        return cls(rsa.generate_private_key(65537, 2048), secrets.token_hex(16))

    def settings_toml(self) -> str:
        """The section ``[wechat_pay]``."""
        own = rsa.generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public = self.wechat_pay.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        values = {
            "app_id": _APP_ID,
            "mch_id": _MCH_ID,
            "serial_no": "5157F09EFDC096DE15EBE81A47057A72",
            "private_key": own.decode(),
            "api_v3_key": self.api_v3_key,
            "public_key_id": _KEY_ID,
            "public_key": public.decode(),
        }
        return "\n".join(
            ["", "[wechat_pay]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
        )

    def notification(self, trade: ChannelTrade) -> bytes:
        """The finished request that tells of a paid trade."""
        nonce, at = secrets.token_hex(6), clock.now()
        content = {
            "appid": trade.app_id, "mchid": trade.merchant_id, "out_trade_no": trade.out_trade_no,
            "transaction_id": trade.channel_trade_no, "trade_type": "NATIVE", "trade_state": "SUCCESS",
            "trade_state_desc": "支付成功", "bank_type": "OTHERS", "success_time": at.isoformat(timespec="seconds"),
            "payer": {"openid": "o-bench"},
            "amount": {"total": trade.amount_fen, "payer_total": trade.amount_fen, "currency": "CNY", "payer_currency": "CNY"},
        }  # fmt: skip
        sealed = AESGCM(self.api_v3_key.encode()).encrypt(
            nonce.encode(), json.dumps(content).encode(), b"transaction"
        )
        envelope = {
            "id": str(uuid.uuid4()), "create_time": at.isoformat(timespec="seconds"), "resource_type": "encrypt-resource",
            "event_type": "TRANSACTION.SUCCESS", "summary": "支付成功",
            "resource": {
                "original_type": "transaction", "algorithm": "AEAD_AES_256_GCM", "nonce": nonce,
                "associated_data": "transaction", "ciphertext": base64.b64encode(sealed).decode(),
            },
        }  # fmt: skip
        body = json.dumps(envelope, separators=(",", ":"))
        stamp, salt = str(int(at.timestamp())), secrets.token_hex(16)
        headers = {
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": salt,
            "Wechatpay-Serial": _KEY_ID,
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
            "Wechatpay-Signature": keys.sign(self.wechat_pay, f"{stamp}\n{salt}\n{body}\n".encode()),
        }
        return _post(_ADDRESS, body, headers)


def _post(path: str, body: str, headers: dict[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body.encode())}", "", body]
    return "\r\n".join(lines).encode()


_WISHES = """
WITH wish AS (
    INSERT INTO top_up (top_up_no, customer_id, pay_fen, bonus_fen, state, created_at)
    SELECT 'T' || substr(w.payment_no, 2), w.customer_id, $3, 0, 'pending', $4
    FROM unnest($1::text[], $2::bigint[]) AS w (payment_no, customer_id)
)
INSERT INTO payment (payment_no, customer_id, purpose, purpose_no, channel, method, amount_fen, currency, app_id, merchant_id, state,
                     created_at, expires_at, ask_at, asks)
SELECT w.payment_no, w.customer_id, 'top_up', 'T' || substr(w.payment_no, 2), 'wechat_pay', 'native', $3, $5, $6, $7, 'prepared',
       $4, $8, $8, 0
FROM unnest($1::text[], $2::bigint[]) AS w (payment_no, customer_id)
"""


async def _trades(customers: Sequence[int], count: int) -> list[ChannelTrade]:
    """So many top-ups that were started, and the channel's words that they are paid."""
    now = clock.now()
    numbers = [ids.new_no("P") for _ in range(count)]
    theirs = [customers[at % len(customers)] for at in range(count)]
    await db.execute(
        _WISHES, numbers, theirs, _FEN, now, money.CURRENCY, _APP_ID, _MCH_ID, now + timedelta(hours=2)
    )
    return [
        ChannelTrade(
            "wechat_pay", number, f"42{number[1:]}", "paid", _FEN, money.CURRENCY, _APP_ID, _MCH_ID, None, now
        )
        for number in numbers
    ]


@contextlib.asynccontextmanager
async def notifications(where: place.Place) -> AsyncIterator[Contest]:
    """``POST /webhooks/wechat-pay``: every top-up is told of once."""
    merchant = _Merchant.made()
    where.settings_path.write_text(where.settings_path.read_text() + merchant.settings_toml())
    where = dataclasses.replace(where, settings=config.load(where.settings_path))
    async with place.opened(where), http_doors.Wire.opened(where) as wire:
        customers = await seeds.rich()
        most_per_s, count, slowest_ms = 300.0, 0, [0.0]
        told: list[bytes] = []
        ready: list[bytes] = []

        async def before_round() -> None:
            nonlocal count
            count = int(most_per_s * wire.longest_s * 1.5) + 100
            told[:] = [merchant.notification(one) for one in await _trades(customers, count)]
            ready[:] = [_confirmation(one) for one in await _trades(customers, 2 * count)]

        async def floor(seconds: float) -> float:
            nonlocal most_per_s
            asked, ready[:] = ready[:count], ready[count:]
            per_s = await wire.measure(wire.written("floor-confirm", asked), seconds, cycle=False)
            most_per_s = max(most_per_s, per_s)
            return per_s

        async def subject(seconds: float) -> float:
            per_s = await wire.measure(wire.written("ingest", told), seconds, cycle=False)
            slowest_ms.append(wire.p99_ms)
            return per_s

        async def counted() -> dict[str, float]:
            return wire.said | {"answer_p99_ms": round(max(slowest_ms), 1)}

        yield Contest(floor=floor, subject=subject, counters=counted, before_round=before_round)


def _confirmation(trade: ChannelTrade) -> bytes:
    said = dataclasses.asdict(trade)
    assert trade.paid_at is not None
    return _post(server.CONFIRM, json.dumps({**said, "paid_at": trade.paid_at.isoformat()}), {})
