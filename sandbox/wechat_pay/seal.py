"""Signatures and encryption of WeChat Pay v3, seen from WeChat Pay's side.

Facts: wechatpay-go (request signature, five-minute window, AES-256-GCM resource), pay.weixin.qq.com "签名验证".
"""

from __future__ import annotations

import base64
import re
import secrets
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sandbox import keys
from sandbox.wechat_pay.refusal import Refusal
from sandbox.world import World

SCHEME = "WECHATPAY2-SHA256-RSA2048"
WINDOW_S = 300


class Seal:
    """Checks the merchant's requests and signs what WeChat Pay says, in public-key or certificate mode."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._credentials = world.credentials
        certificate = x509.load_pem_x509_certificate(self._credentials.merchant_certificate_pem.encode())
        merchant_key = certificate.public_key()
        assert isinstance(merchant_key, rsa.RSAPublicKey)
        self.merchant_key = merchant_key
        if world.settings.wechat_pay_mode == "public-key":
            self._key = world.bank.wechat_pay
            self.serial_no = self._credentials.wechat_pay_public_key_id
        else:
            self._key = world.bank.wechat_pay_platform
            self.serial_no = self._credentials.platform_serial_no

    def check_request(self, authorization: str, method: str, raw_path: str, body: bytes) -> None:
        """Raises: Refusal (SIGN_ERROR, HTTP 401) unless the merchant signed exactly this request just now."""
        scheme, _, rest = authorization.partition(" ")
        if scheme != SCHEME:
            raise _sign_error("Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》")
        found = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        wanted = {"mchid", "nonce_str", "timestamp", "serial_no", "signature"}
        if set(found) != wanted or not found["timestamp"].isdigit() or not found["nonce_str"]:
            raise _sign_error("Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》")
        if found["mchid"] != self._credentials.mch_id:
            raise Refusal(400, "MCH_NOT_EXISTS", "商户号不存在")
        if found["serial_no"] != self._credentials.merchant_serial_no:
            raise _sign_error("商户证书序列号有误。请使用签名私钥匹配的证书序列号")
        if not self._world.clock.is_near(int(found["timestamp"]), WINDOW_S):
            raise _sign_error("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
        lines = f"{method}\n{raw_path}\n{found['timestamp']}\n{found['nonce_str']}\n".encode() + body + b"\n"
        if not keys.verify(self.merchant_key, lines, found["signature"]):
            raise _sign_error("签名错误，请检查后再试")

    def headers(self, body: bytes) -> dict[str, str]:
        """The `Wechatpay-*` headers of an answer or a notification with this body."""
        timestamp, nonce = str(int(self._world.clock.epoch_s())), secrets.token_hex(16)
        return {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": self.serial_no,
            "Wechatpay-Signature": keys.sign(self._key, f"{timestamp}\n{nonce}\n".encode() + body + b"\n"),
            "Wechatpay-Signature-Type": SCHEME,
        }

    def encrypt(self, plaintext: bytes, associated_data: str) -> dict[str, Any]:
        """A `resource` (or `encrypt_certificate`) object: AES-256-GCM under the merchant's API v3 key."""
        nonce = keys.random_text(12)
        cipher = AESGCM(self._credentials.api_v3_key.encode())
        sealed = cipher.encrypt(nonce.encode(), plaintext, associated_data.encode())
        return {
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": associated_data,
            "nonce": nonce,
        }


def signature_probe() -> str:
    """A wrong signature as WeChat Pay sends now and then to see whether the merchant checks."""
    return "WECHATPAY/SIGNTEST/" + base64.b64encode(secrets.token_bytes(242)).decode()


def new_request_id(error_number: int) -> str:
    return f"08{secrets.token_hex(14).upper()}-{error_number}"


def _sign_error(message: str) -> Refusal:
    return Refusal(401, "SIGN_ERROR", message, 268443699, {"location": "authorization", "issue": message})
