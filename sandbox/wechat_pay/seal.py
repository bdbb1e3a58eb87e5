"""Signatures and encryption of WeChat Pay v3, seen from WeChat Pay's side.

Facts: wechatpay-go (request signature, five-minute window, AES-256-GCM resource), pay.weixin.qq.com "签名验证", "敏感信息加解密"
(RSA-OAEP with the key that the request's Wechatpay-Serial names).
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sandbox import credentials, keys
from sandbox.wechat_pay.refusal import Refusal
from sandbox.world import World

SCHEME = "WECHATPAY2-SHA256-RSA2048"
WINDOW_S = 300
CERTIFICATES = "wechat_pay.certificates"


class Seal:
    """Checks the merchant's requests and signs what WeChat Pay says, by public key, by certificate, or (`switching`) by either.

    While switching, answers are signed with the key that the request names, notifications with both in turn.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._credentials = world.credentials
        certificate = x509.load_pem_x509_certificate(self._credentials.merchant_certificate_pem.encode())
        merchant_key = certificate.public_key()
        assert isinstance(merchant_key, rsa.RSAPublicKey)
        self.merchant_key = merchant_key
        self._mode = world.settings.wechat_pay_mode
        self._public_key = world.bank.wechat_pay
        self._turn = 0
        first = self._credentials.platform_serial_no
        made = (
            keys.private_pem(world.bank.wechat_pay_platform),
            self._credentials.platform_certificates_pem[first],
        )
        kept: dict[str, Any] = world.store.load_value(CERTIFICATES, {first: made})
        self._certificates = {serial: pem for serial, (_, pem) in kept.items()}
        self._platform_keys = {serial: keys.load_private(key_pem) for serial, (key_pem, _) in kept.items()}

    @property
    def serial_no(self) -> str:
        """The serial that is signed with where nobody asks for another."""
        return self._credentials.wechat_pay_public_key_id if self._mode == "public-key" else self._newest

    @property
    def certificates(self) -> dict[str, str]:
        """The platform certificates in force, the newest last; none in public-key mode."""
        return {} if self._mode == "public-key" else dict(self._certificates)

    def rotate(self) -> str:
        """From now on a new platform certificate signs; the old ones are still listed. Returns its serial."""
        key = keys.new_private_key()
        serial, pem = credentials.certificate(key, "Tenpay.com sign")
        self._certificates[serial], self._platform_keys[serial] = pem, key
        self._keep()
        return serial

    def retire(self) -> None:
        """Only the newest platform certificate is listed and known from now on."""
        newest = self._newest
        self._certificates = {newest: self._certificates[newest]}
        self._platform_keys = {newest: self._platform_keys[newest]}
        self._keep()

    @property
    def _newest(self) -> str:
        return list(self._certificates)[-1]

    def _keep(self) -> None:
        kept = {
            serial: (keys.private_pem(self._platform_keys[serial]), pem)
            for serial, pem in self._certificates.items()
        }
        self._world.store.save_value(CERTIFICATES, kept)

    def open_field(self, sealed: str, serial: str) -> str:
        """A sensitive field of a request. Raises: Refusal where it was not sealed for the key that was named."""
        key = (
            self._public_key
            if serial == self._credentials.wechat_pay_public_key_id and self._mode != "certificate"
            else self._platform_keys.get(serial)
        )
        oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)  # noqa: S303 - as in life
        try:
            if key is None:
                raise ValueError
            return key.decrypt(base64.b64decode(sealed, validate=True), oaep).decode()
        except (ValueError, binascii.Error):
            raise Refusal(
                400, "PARAM_ERROR", "敏感信息解密失败，请检查Wechatpay-Serial与加密所用公钥", 268435474
            ) from None

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

    def headers(self, body: bytes, *, asked_serial: str = "") -> dict[str, str]:
        """The `Wechatpay-*` headers of an answer (to a request that names a serial) or a notification with this body."""
        serial, key = self._signer(asked_serial)
        timestamp, nonce = str(int(self._world.clock.epoch_s())), secrets.token_hex(16)
        return {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": serial,
            "Wechatpay-Signature": keys.sign(key, f"{timestamp}\n{nonce}\n".encode() + body + b"\n"),
            "Wechatpay-Signature-Type": SCHEME,
        }

    def _signer(self, asked_serial: str) -> tuple[str, rsa.RSAPrivateKey]:
        by_public_key = (self._credentials.wechat_pay_public_key_id, self._public_key)
        by_certificate = (self._newest, self._platform_keys[self._newest])
        if self._mode != "switching":
            return by_public_key if self._mode == "public-key" else by_certificate
        if not asked_serial:
            self._turn += 1
        wants_public = asked_serial.startswith("PUB_KEY_ID_") if asked_serial else self._turn % 2 == 0
        return by_public_key if wants_public else by_certificate

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
