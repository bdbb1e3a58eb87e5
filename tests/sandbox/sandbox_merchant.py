"""A merchant's WeChat Pay v3 client in the fewest lines, written apart from both the sandbox and the product."""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

import aiohttp
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from yarl import URL


@dataclass
class SignedAnswer:
    status: int
    headers: Any
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


class SigningMerchant:
    def __init__(self, sandbox, http: aiohttp.ClientSession, notify_url: str) -> None:
        self.sandbox = sandbox
        self.http = http
        self.notify_url = notify_url
        self.credentials = sandbox.credentials
        self.key = serialization.load_pem_private_key(
            self.credentials.merchant_private_key_pem.encode(), None
        )

    def sign(self, message: str) -> str:
        signed = self.key.sign(message.encode(), padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(signed).decode()

    async def send(
        self, method: str, path: str, body=None, *, at: int | None = None, **changes
    ) -> SignedAnswer:
        """`changes` replace parts of the Authorization header after signing; `raw` replaces the bytes sent."""
        text = "" if body is None else json.dumps(body, ensure_ascii=False)
        stamp, nonce = str(at or int(time.time()) + self.sandbox.world.clock.offset_s), secrets.token_hex(16)
        parts = {
            "mchid": self.credentials.mch_id,
            "nonce_str": nonce,
            "timestamp": stamp,
            "serial_no": self.credentials.merchant_serial_no,
            "signature": self.sign(f"{method}\n{path}\n{stamp}\n{nonce}\n{text}\n"),
        }
        raw = changes.pop("raw", text.encode())
        parts |= changes
        pairs = ",".join(f'{name}="{value}"' for name, value in parts.items())
        headers = {
            "Authorization": f"WECHATPAY2-SHA256-RSA2048 {pairs}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        url = URL(self.sandbox.wechat_pay_url + path, encoded=True)
        async with self.http.request(method, url, data=raw, headers=headers) as answer:
            return SignedAnswer(answer.status, answer.headers, await answer.read())

    def signature_is_right(self, answer: SignedAnswer) -> bool:
        headers = answer.headers
        key = serialization.load_pem_public_key(self.credentials.wechat_pay_public_key_pem.encode())
        message = (
            f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + answer.raw + b"\n"
        )
        try:
            signature = base64.b64decode(headers["Wechatpay-Signature"])
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except Exception:
            return False
        return headers["Wechatpay-Serial"] == self.credentials.wechat_pay_public_key_id

    def native(self, **changes) -> dict[str, Any]:
        body = {
            "appid": self.credentials.mini_app_id,
            "mchid": self.credentials.mch_id,
            "description": "充值",
            "out_trade_no": "T" + secrets.token_hex(8),
            "notify_url": self.notify_url,
            "amount": {"total": 100, "currency": "CNY"},
        }
        return {name: value for name, value in (body | changes).items() if value is not ...}

    def client_params(self, prepay_id: str, app_id: str | None = None) -> dict[str, str]:
        app_id = app_id or self.credentials.mini_app_id
        stamp, nonce, package = str(int(time.time())), secrets.token_hex(8), f"prepay_id={prepay_id}"
        signature = self.sign(f"{app_id}\n{stamp}\n{nonce}\n{package}\n")
        return {
            "timeStamp": stamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": signature,
        }
