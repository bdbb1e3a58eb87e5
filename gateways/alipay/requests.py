"""Building and signing requests to Alipay, with the vendor-style SDK put right where it is wrong."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping

import alipay
from cryptography.hazmat.primitives import serialization

from core import clock
from gateways import keys, reading
from gateways.alipay.settings import Settings
from gateways.alipay.trust import Keyring


class SignedRequests:
    """Signs as one app. The SDK builds and signs; nothing of its network or its verification is used.

    Put right here: its timestamp is the machine's naive local time where Alipay reads Beijing time; it sends no
    `format`; it escapes Chinese letters in biz_content; its phone-page call names a product that does not exist
    (callers of this class name theirs).
    """

    def __init__(self, settings: Settings, keyring: Keyring) -> None:
        key = keys.private_key(settings.private_key)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        # The SDK wants a key to verify with; it never does.
        own = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._sdk = alipay.AliPay(
            appid=settings.app_id,
            app_notify_url=settings.notify_url,
            app_private_key_string=pem.decode(),
            alipay_public_key_string=own.decode(),
            sign_type="RSA2",
        )

        self._numbers = (
            {"app_cert_sn": keyring.app_number, "alipay_root_cert_sn": keyring.root_number}
            if keyring.uses_certificates
            else {}
        )

    def query(
        self,
        method: str,
        biz: Mapping[str, str] | None,
        more: Mapping[str, str] | None = None,
        *,
        return_url: str | None = None,
    ) -> str:
        """The whole signed request as one URL query; what a page method hands to the customer's browser."""
        content = None if biz is None else json.dumps(biz, ensure_ascii=False, separators=(",", ":"))
        fields = self._sdk.build_body(method, content, return_url=return_url)
        if content is None:
            del fields["biz_content"]
        fields["timestamp"] = clock.now().astimezone(reading.BEIJING).strftime("%Y-%m-%d %H:%M:%S")
        fields["format"] = "JSON"
        fields |= {**self._numbers, **(more or {})}
        return str(self._sdk.sign_data(fields))

    def query_and_body(
        self, method: str, biz: Mapping[str, str] | None, more: Mapping[str, str] | None = None
    ) -> tuple[str, bytes]:
        """The same for a server's call: public parameters as the query, biz_content as a form.

        Alipay must see `charset` before it can read the form, hence the split.
        """
        pairs = urllib.parse.parse_qsl(self.query(method, biz, more), strict_parsing=True)
        public = [(name, value) for name, value in pairs if name != "biz_content"]
        content = [(name, value) for name, value in pairs if name == "biz_content"]
        return urllib.parse.urlencode(public), urllib.parse.urlencode(content).encode()
