"""Certificate mode: numbers, refusals, and Alipay changing its own certificate."""

from __future__ import annotations

import base64
import json
import urllib.parse

import pytest
from alipay import DCAliPay
from alipay.exceptions import AliPayValidationError
from sandbox_alipay import call, certificate_sdk_for, pay_by_code

pytestmark = pytest.mark.filterwarnings("ignore:X509.get_issuer:DeprecationWarning")  # the SDK's own


@pytest.fixture
def sdk(sandbox, merchant):
    return certificate_sdk_for(sandbox, merchant)


async def raw_answer(http, sandbox, signed):
    async with http.get(f"{sandbox.alipay_url}/gateway.do?{signed}") as answer:
        return json.loads(await answer.text())


async def test_answers_name_alipays_certificate_and_numbers_are_the_sdks(sandbox, sdk, http):
    given = sandbox.alipay.certificates
    assert (given.app_sn, given.root_sn) == (sdk.app_cert_sn, sdk.alipay_root_cert_sn)
    assert given.root_sn.count("_") == 1  # three certificates, of which one is not signed with RSA
    answer = await raw_answer(http, sandbox, sdk.client_api("alipay.trade.query", {"out_trade_no": "A1"}))
    assert answer["alipay_cert_sn"] == DCAliPay.get_cert_sn(given.alipay_pem)


@pytest.mark.parametrize(
    ("change", "sub_code"),
    [
        ({"app_cert_sn": None}, "isv.missing-app-cert-sn"),
        ({"alipay_root_cert_sn": None}, "isv.missing-alipay-root-cert-sn"),
        ({"app_cert_sn": "0" * 32}, "isv.app-cert-not-exist"),
        ({"alipay_root_cert_sn": "0" * 32}, "isv.invalid-alipay-root-cert-sn"),
    ],
)
async def test_wrong_numbers_are_refused(sandbox, sdk, http, change, sub_code):
    fields = sdk.build_body("alipay.trade.query", {"out_trade_no": "A1"}) | change
    signed = sdk.sign_data({name: value for name, value in fields.items() if value is not None})
    (answer,) = [
        value for value in (await raw_answer(http, sandbox, signed)).values() if isinstance(value, dict)
    ]
    assert answer["sub_code"] == sub_code


async def test_alipay_changes_its_certificate(sandbox, merchant, sdk, ask, http):
    person = sandbox.world.people.arrive()
    order = {"out_trade_no": "A1", "total_amount": "3.00", "subject": "茶"}
    code = (await call(sdk.api_alipay_trade_precreate, **order))["qr_code"]
    sandbox.alipay.certificates.rotate()
    with pytest.raises(AliPayValidationError):  # what it was signed with is not what the merchant has
        await call(sdk.api_alipay_trade_query, out_trade_no="A1")
    new_sn = (await raw_answer(http, sandbox, sdk.client_api("alipay.trade.query", {"out_trade_no": "A1"})))[
        "alipay_cert_sn"
    ]
    asked = sdk.client_api("alipay.open.app.alipaycert.download", {"alipay_cert_sn": new_sn})
    content = (await raw_answer(http, sandbox, asked))["alipay_open_app_alipaycert_download_response"]
    pem = base64.b64decode(content["alipay_cert_content"]).decode()
    assert DCAliPay.get_cert_sn(pem) == new_sn
    newer = certificate_sdk_for(sandbox, merchant)
    newer._alipay_public_key_cert_string = pem
    newer._alipay_public_key_string = newer.load_alipay_public_key_string()
    newer._load_key()
    await pay_by_code(sandbox, ask, person, code)
    assert (await call(newer.api_alipay_trade_query, out_trade_no="A1"))["trade_status"] == "TRADE_SUCCESS"
    await sandbox.quiet()
    notice = dict(urllib.parse.parse_qsl(merchant.received[-1][1].decode()))
    assert newer.verify(notice, notice.pop("sign"))


async def test_an_unknown_certificate_is_not_handed_out(sandbox, sdk):
    answer = await call(
        sdk.server_api, api_name="alipay.open.app.alipaycert.download", biz_content={"alipay_cert_sn": "x"}
    )
    assert answer["sub_code"] == "isv.alipay-cert-not-exist"


async def test_a_restart_keeps_the_chain(tmp_path):
    from sandbox.app import Sandbox, Settings

    seen = []
    for _ in range(2):
        sandbox = await Sandbox.start(Settings(state_dir=tmp_path))
        seen.append((sandbox.alipay.certificates.root_sn, sandbox.alipay.certificates.app_sn))
        await sandbox.stop()
    assert seen[0] == seen[1]
    assert (tmp_path / "merchant" / "alipayRootCert.crt").read_text().count("BEGIN CERTIFICATE") == 3
