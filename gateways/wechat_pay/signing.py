"""Our signatures for WeChat Pay: on requests, and on what the customer's client passes to the cashier."""

from __future__ import annotations

import secrets

from cryptography.hazmat.primitives.asymmetric import rsa

from core import clock
from gateways import keys

SCHEME = "WECHATPAY2-SHA256-RSA2048"


class Signer:
    """Signs as one merchant. The same key must sign the order and the client's parameters (API v3, paySign)."""

    def __init__(self, *, mch_id: str, serial_no: str, private_key: rsa.RSAPrivateKey) -> None:
        self._mch_id = mch_id
        self._serial_no = serial_no
        self._private_key = private_key

    def authorization(self, method: str, target: str, body: bytes) -> str:
        """The Authorization header for these exact bytes; `target` is path and query as sent."""
        timestamp, nonce = _timestamp(), _nonce()
        message = f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = keys.sign(self._private_key, message)
        return (
            f'{SCHEME} mchid="{self._mch_id}",nonce_str="{nonce}",timestamp="{timestamp}",'
            f'serial_no="{self._serial_no}",signature="{signature}"'
        )

    def client_params(self, *, app_id: str, prepay_id: str) -> dict[str, str]:
        """What wx.requestPayment (mini-program) or WeixinJSBridge (web page; this one reads appId too) is given."""
        timestamp, nonce, package = _timestamp(), _nonce(), f"prepay_id={prepay_id}"
        message = f"{app_id}\n{timestamp}\n{nonce}\n{package}\n".encode()
        return {
            "appId": app_id,
            "timeStamp": timestamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": keys.sign(self._private_key, message),
        }


def _timestamp() -> str:
    return str(int(clock.now().timestamp()))


def _nonce() -> str:
    return secrets.token_hex(16)
