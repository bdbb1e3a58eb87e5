"""Our signatures, as the vendor's SDK sees them, and the known answers for AES-GCM."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from gateway_peers import key_of, private_pem, sealed, wechat_settings
from hypothesis import given, settings
from hypothesis import strategies as st
from wechatpayv3 import SignType, WeChatPay, WeChatPayType
from wechatpayv3 import utils as vendor

from core import clock
from gateways import keys
from gateways.reading import Malformed
from gateways.wechat_pay import sealed as our_sealed
from gateways.wechat_pay.signing import Signer

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "wechatpay_v3_aes_gcm.json").read_text())[
    "cases"
]


def a_signer() -> Signer:
    settings = wechat_settings()
    return Signer(
        mch_id=settings.mch_id,
        serial_no=settings.serial_no,
        private_key=keys.private_key(settings.private_key_pem),
    )


def parsed(authorization: str) -> dict[str, str]:
    scheme, _, rest = authorization.partition(" ")
    assert scheme == "WECHATPAY2-SHA256-RSA2048"
    return dict(re.findall(r'(\w+)="([^"]*)"', rest))


def test_the_vendor_verifies_our_authorization_of_a_post():
    body = '{"描述":"充值\\n"}'
    found = parsed(a_signer().authorization("POST", "/v3/pay/transactions/jsapi", body.encode()))
    signed = "POST\n/v3/pay/transactions/jsapi\n" + "{timestamp}\n{nonce_str}\n".format(**found)
    # rsa_verify joins three lines; the first of ours is everything before the nonce's line
    *head, nonce, _ = signed.split("\n")
    assert vendor.rsa_verify(
        "\n".join(head), nonce, body, found["signature"], key_of("merchant").public_key()
    )
    assert abs(int(found["timestamp"]) - clock.now().timestamp()) < 5
    assert (found["mchid"], found["serial_no"]) == (wechat_settings().mch_id, wechat_settings().serial_no)


def test_an_empty_body_is_still_a_line():
    found = parsed(a_signer().authorization("GET", "/v3/x?mchid=1", b""))
    message = f"GET\n/v3/x?mchid=1\n{found['timestamp']}\n{found['nonce_str']}\n\n"
    assert found["signature"] == vendor.rsa_sign(key_of("merchant"), message)


def test_nonces_differ():
    signer = a_signer()
    assert len({parsed(signer.authorization("GET", "/", b""))["nonce_str"] for _ in range(10)}) == 10


def test_the_client_parameters_are_what_the_vendor_would_sign():
    settings = wechat_settings()
    sdk = WeChatPay(
        WeChatPayType.MINIPROG,
        mchid=settings.mch_id,
        private_key=settings.private_key_pem,
        cert_serial_no=settings.serial_no,
        apiv3_key=settings.api_v3_key,
        appid=settings.app_id,
        public_key=settings.public_key_pem,
        public_key_id=settings.public_key_id,
    )
    params = a_signer().client_params(app_id=settings.app_id, prepay_id="wx2612")
    lines = [settings.app_id, params["timeStamp"], params["nonceStr"], "prepay_id=wx2612"]
    assert params["paySign"] == sdk.sign(lines, SignType.RSA_SHA256)
    assert (params["package"], params["signType"], params["appId"]) == (
        "prepay_id=wx2612",
        "RSA",
        settings.app_id,
    )


@pytest.mark.parametrize("case", VECTORS)
def test_known_answers_of_the_sealed_resource(case):
    resource = {**case, "algorithm": "AEAD_AES_256_GCM"}
    cipher = AESGCM(case["key"].encode())
    if "error" in case:
        with pytest.raises(Malformed):
            our_sealed.opened(resource, cipher)
    else:
        assert our_sealed.opened(resource, cipher).decode() == case["plaintext"]


@settings(deadline=None)
@given(plain=st.binary(max_size=200), associated=st.text("abc", max_size=9))
def test_what_is_sealed_opens(plain, associated):
    key = "k" * 32
    assert our_sealed.opened(sealed(plain, associated, key), AESGCM(key.encode())) == plain


def test_another_algorithm_is_refused_even_if_it_would_open():
    key = "k" * 32
    resource = sealed(b"{}", "x", key) | {"algorithm": "AEAD_SM4_GCM"}
    with pytest.raises(Malformed, match="algorithm"):
        our_sealed.opened(resource, AESGCM(key.encode()))


def test_the_vendor_opens_the_same_resource():
    resource = sealed('{"金额":1}'.encode(), "transaction", "k" * 32)
    opened = vendor.aes_decrypt(
        resource["nonce"], resource["ciphertext"], resource["associated_data"], "k" * 32
    )
    assert opened.encode() == our_sealed.opened(resource, AESGCM(b"k" * 32))


def test_settings_do_not_show_secrets_and_refuse_half_a_key_pair():
    settings = wechat_settings()
    assert settings.api_v3_key not in repr(settings) and "PRIVATE KEY" not in repr(settings)
    for wrong in ({"api_v3_key": "short"}, {"public_key_pem": None}, {"public_key_id": "5157F0"}):
        with pytest.raises(ValueError):
            wechat_settings(**wrong)


def test_keys_are_read_as_pem_of_both_kinds_and_as_bare_base64():
    from cryptography.hazmat.primitives import serialization as s

    key = key_of("merchant")
    pkcs1 = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.TraditionalOpenSSL, s.NoEncryption()).decode()
    bare = "".join(private_pem("merchant").splitlines()[1:-1])
    for each in (private_pem("merchant"), pkcs1, "\r\n" + pkcs1.replace("\n", "\r\n"), bare):
        assert keys.private_key(each).private_numbers() == key.private_numbers()
    for wrong in ("", "-----BEGIN RSA PRIVATE KEY-----", "AAAA", "密钥"):
        with pytest.raises(ValueError, match="RSA"):
            keys.private_key(wrong)
        with pytest.raises(ValueError, match="RSA"):
            keys.public_key(wrong)
