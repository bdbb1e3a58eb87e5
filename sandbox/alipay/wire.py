"""Requests and answers of `/gateway.do`: public parameters, our check of the merchant's sign, Alipay's own sign.

Facts: opendocs.alipay.com, "如何使用 SDK/自行实现签名" and "公共错误码"; alipay-sdk (request and response layout).
"""

from __future__ import annotations

import json
import urllib.parse
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox import keys
from sandbox.alipay.certificates import Certificates
from sandbox.clock import BEIJING
from sandbox.world import World

# Alipay's own tolerance is not published; clients with a clock hours away are known to work.
TIMESTAMP_WINDOW_S = 86400
MODE = "alipay.certificate_mode"


@dataclass
class AlipayError(Exception):
    """`signed` False for the few refusals that come before Alipay knows who is asking."""

    code: str
    msg: str
    sub_code: str
    sub_msg: str
    signed: bool = True

    def body(self) -> dict[str, Any]:
        return {"code": self.code, "msg": self.msg, "sub_code": self.sub_code, "sub_msg": self.sub_msg}


def missing(name: str) -> AlipayError:
    return AlipayError("40001", "Missing Required Arguments", f"isv.missing-{name}", f"缺少{name}参数")


def invalid(name: str, sub_msg: str, *, signed: bool = True) -> AlipayError:
    return AlipayError("40002", "Invalid Arguments", f"isv.invalid-{name}", sub_msg, signed)


def business(sub_code: str, sub_msg: str) -> AlipayError:
    return AlipayError("40004", "Business Failed", f"ACQ.{sub_code}", sub_msg)


class Wire:
    def __init__(self, world: World) -> None:
        self._world = world
        app_key = serialization.load_pem_public_key(world.credentials.alipay_app_public_key_pem.encode())
        assert isinstance(app_key, rsa.RSAPublicKey)
        self._app_key = app_key
        self.certificates = Certificates(world)

    def check(self, params: dict[str, str]) -> dict[str, Any]:
        """The business parameters of a request whose public parameters and sign are right.

        Raises: AlipayError.
        """
        if not params.get("app_id"):
            raise missing("app-id")
        if params["app_id"] != self._world.credentials.alipay_app_id:
            raise invalid("app-id", "无效的AppID参数", signed=False)
        for name in ("method", "charset", "sign_type", "sign", "timestamp", "version"):
            if not params.get(name):
                raise missing({"sign": "signature", "sign_type": "signature-type"}.get(name, name))
        if params["sign_type"] != "RSA2":
            raise invalid("signature-type", "无效签名类型")
        if params["charset"].lower() != "utf-8":
            raise invalid("charset", "字符集错误")
        if params["version"] != "1.0" or params.get("format", "JSON").upper() != "JSON":
            raise invalid("format", "无效的数据格式或版本")
        self._check_timestamp(params["timestamp"])
        if not keys.verify(self._app_key, sign_text(params, leave_out={"sign"}), params["sign"]):
            raise invalid("signature", "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配")
        self._check_mode(params)
        try:
            content = json.loads(params.get("biz_content", "{}"))
        except ValueError:
            raise business("INVALID_PARAMETER", "参数有误：biz_content不是有效的JSON") from None
        if not isinstance(content, dict):
            raise business("INVALID_PARAMETER", "参数有误：biz_content不是对象")
        return content

    def answer(
        self, key: str, body: dict[str, Any], *, signed: bool = True, with_certificate: bool = False
    ) -> web.Response:
        """`{"<key>": {…}, "alipay_cert_sn"?: "…", "sign": "…"}`: the sign covers the text between the outer braces as it is sent."""
        # Alipay escapes slashes; whoever re-serialises the object before verifying is caught by it.
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")
        sign = f',"sign":"{keys.sign(self._key(with_certificate), raw.encode())}"' if signed else ""
        if with_certificate and signed:
            sign = f',"alipay_cert_sn":"{self.certificates.alipay_sn}"{sign}'
        text = f'{{"{key}":{raw}{sign}}}'
        return web.Response(text=text, content_type="text/html", charset="utf-8")

    def sign_notice(self, params: dict[str, str]) -> dict[str, str]:
        """Adds sign_type and sign as trade notices carry them: sign_type takes no part in the sign."""
        with_certificate = bool(self._world.store.load_value(MODE, default=False))
        sign = keys.sign(self._key(with_certificate), sign_text(params, leave_out={"sign", "sign_type"}))
        return {**params, "sign_type": "RSA2", "sign": sign}

    def _key(self, with_certificate: bool) -> rsa.RSAPrivateKey:
        return self.certificates.signing_key if with_certificate else self._world.bank.alipay

    def _check_mode(self, params: dict[str, str]) -> None:
        """An app is in certificate mode from the first request that names its certificate; so are its notices then."""
        app_sn, root_sn = params.get("app_cert_sn"), params.get("alipay_root_cert_sn")
        if not app_sn and root_sn:
            raise missing("app-cert-sn")
        if app_sn and not root_sn:
            raise missing("alipay-root-cert-sn")
        if app_sn and app_sn != self.certificates.app_sn:
            raise AlipayError("40002", "Invalid Arguments", "isv.app-cert-not-exist", "应用公钥证书不存在")
        if root_sn and root_sn != self.certificates.root_sn:
            raise invalid("alipay-root-cert-sn", "支付宝根证书序列号错误")
        if self._world.store.load_value(MODE, default=False) != bool(app_sn):
            self._world.store.save_value(MODE, bool(app_sn))

    def _check_timestamp(self, text: str) -> None:
        try:
            sent_at = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).timestamp()
        except ValueError:
            raise invalid("timestamp", "非法的时间戳参数") from None
        if not self._world.clock.is_near(sent_at, TIMESTAMP_WINDOW_S):
            raise invalid("timestamp", "非法的时间戳参数")


async def read_params(request: web.Request) -> dict[str, str]:
    """Query and form together, as SDKs split them at will."""
    params = dict(request.query)
    if request.method == "POST":
        text = (await request.read()).decode("utf-8", "replace")
        params |= dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
    return params


def params_of_url(url: str) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, keep_blank_values=True))


def sign_text(params: dict[str, str], *, leave_out: set[str]) -> bytes:
    pairs = sorted((name, value) for name, value in params.items() if value and name not in leave_out)
    return "&".join(f"{name}={value}" for name, value in pairs).encode()
