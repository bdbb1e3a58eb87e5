"""A merchant at Alipay, by the vendor-style SDK."""

from __future__ import annotations

import asyncio
import urllib.parse

from alipay import AliPay, DCAliPay


def sdk_for(sandbox, merchant) -> AliPay:
    merchant.default_answer = (200, "success")
    c = sandbox.credentials
    sdk = AliPay(
        appid=c.alipay_app_id,
        app_notify_url=merchant.url + "/notify",
        app_private_key_string=c.alipay_app_private_key_pem,
        alipay_public_key_string=c.alipay_public_key_pem,
    )
    sdk._gateway = sandbox.alipay_url + "/gateway.do"
    return sdk


def certificate_sdk_for(sandbox, merchant) -> DCAliPay:
    """The same merchant in certificate mode."""
    merchant.default_answer = (200, "success")
    c, given = sandbox.credentials, sandbox.alipay.certificates
    sdk = DCAliPay(
        appid=c.alipay_app_id,
        app_notify_url=merchant.url + "/notify",
        app_private_key_string=c.alipay_app_private_key_pem,
        app_public_key_cert_string=given.app_pem,
        alipay_public_key_cert_string=given.alipay_pem,
        alipay_root_cert_string=given.root_pem,
    )
    sdk._gateway = sandbox.alipay_url + "/gateway.do"
    return sdk


async def call(function, **arguments):
    return await asyncio.to_thread(lambda: function(**arguments))


def verified_notices(sdk: AliPay, merchant) -> list[dict[str, str]]:
    notices = []
    for _, body, _ in merchant.received:
        notice = dict(urllib.parse.parse_qsl(body.decode()))
        assert sdk.verify(notice, notice.pop("sign"))
        notices.append(notice)
    return notices


async def pay_by_code(sandbox, ask, person, qr_code):
    phone = f"{sandbox.platform_url}/phone"
    status, sheet = await ask("POST", f"{phone}/people/{person.id}/alipay/scan", {"qr_code": qr_code})
    assert status == 201, sheet
    return await ask("POST", f"{phone}/sheets/{sheet['sheet_no']}/pay")
