"""Signatures and encryption of pushed messages: known answers, and wechatpy as the other side."""

import base64
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto

from bot import crypto, replies

VECTORS = Path(__file__).parent.parent / "vectors"
CASES = json.loads((VECTORS / "wechat_message_crypto.json").read_text("utf-8"))["cases"]
SIGNATURES = json.loads((VECTORS / "wechat_sha1_signatures.json").read_text("utf-8"))["cases"]
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OTHER_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"


def of_kind(kind):
    return [pytest.param(case, id=case["source"][-24:]) for case in CASES if case["kind"] == kind]


def cipher(case):
    return crypto.MessageCipher(encoding_aes_key=case["encoding_aes_key"], app_id=case["app_id"])


def element(xml, name):
    return re.search(rf"<{name}><!\[CDATA\[(.*?)\]\]></{name}>", xml, re.S)[1]


@pytest.mark.parametrize("case", of_kind("encrypt"))
def test_known_texts_encrypt_to_known_ciphertexts_and_back(case):
    sealed = cipher(case).seal(case["plaintext"], random16=case["random16"].encode())
    assert sealed == case["ciphertext"]
    assert cipher(case).open(sealed).decode() == case["plaintext"]


@pytest.mark.parametrize("case", of_kind("echostr"))
def test_a_known_echostr_opens_and_its_signature_holds(case):
    parts = case["token"], case["timestamp"], case["nonce"], case["echostr"]
    assert crypto.is_signed(case["msg_signature"], *parts)
    assert cipher(case).open(case["echostr"]).isdigit()


@pytest.mark.parametrize("case", of_kind("encrypt_envelope"))
def test_a_known_answer_is_sealed_as_it_should_be(case):
    sealed = cipher(case).seal(case["plaintext"], random16=case["random16"].encode())
    envelope = replies.sealed(
        encrypted=sealed,
        signature=crypto.signature(case["token"], case["timestamp"], case["nonce"], sealed),
        timestamp=case["timestamp"],
        nonce=case["nonce"],
    )
    assert envelope == case["envelope_xml"].replace("\n", "")


@pytest.mark.parametrize("case", of_kind("decrypt_envelope"))
def test_a_known_envelope_opens(case):
    encrypted = element(case["envelope_xml"], "Encrypt")
    assert crypto.is_signed(case["msg_signature"], case["token"], case["timestamp"], case["nonce"], encrypted)
    opened = cipher(case).open(encrypted).decode()
    for name, value in case["expect_contains"].items():
        assert element(opened, name) == value


def test_the_known_signature_of_an_address_holds_and_no_other():
    (case,) = [case for case in SIGNATURES if case["kind"] == "server_url_verification"]
    parts = case["token"], case["timestamp"], case["nonce"]
    assert crypto.is_signed(case["signature"], *parts)
    assert not crypto.is_signed(case["signature"][:-1] + "0", *parts)
    assert not crypto.is_signed("", *parts)
    assert not crypto.is_signed("签名", *parts)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=300))
def test_what_we_seal_wechatpy_opens_and_the_other_way_round(text):
    theirs = WeChatCrypto("token", KEY, "wx1")
    ours = crypto.MessageCipher(encoding_aes_key=KEY, app_id="wx1")
    sealed = ours.seal(text)
    signed = crypto.signature("token", "1", "2", sealed)
    envelope = replies.sealed(encrypted=sealed, signature=signed, timestamp="1", nonce="2")
    assert theirs.decrypt_message(envelope, signed, "1", "2") == text
    assert ours.open(element(theirs.encrypt_message(text, "2", "1"), "Encrypt")).decode() == text


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=60) | st.none(), min_size=2, max_size=8))
def test_a_message_opens_whatever_was_sealed_and_opened_before_it(texts):
    ours, theirs = (
        crypto.MessageCipher(encoding_aes_key=KEY, app_id="wx1"),
        WeChatCrypto("token", KEY, "wx1"),
    )
    for text in texts:
        if text is None:
            for junk in (b"x" * 17, b"x" * 64, b""):
                with pytest.raises(crypto.NotForUs):
                    ours.open(base64.b64encode(junk).decode())
            continue
        sealed, again = ours.seal(text), ours.seal(text)
        assert sealed != again
        for one in (again, sealed):
            signed = crypto.signature("token", "1", "2", one)
            envelope = replies.sealed(encrypted=one, signature=signed, timestamp="1", nonce="2")
            assert theirs.decrypt_message(envelope, signed, "1", "2") == text
            assert ours.open(one).decode() == text


def test_another_key_and_another_app_do_not_open():
    sealed = crypto.MessageCipher(encoding_aes_key=KEY, app_id="wx1").seal("hello")
    for key, app_id in ((OTHER_KEY, "wx1"), (KEY, "wx2"), (KEY, "wx11"), (KEY, "")):
        with pytest.raises(crypto.NotForUs):
            crypto.MessageCipher(encoding_aes_key=key, app_id=app_id).open(sealed)


@given(
    st.binary(max_size=200) | st.binary(min_size=32, max_size=96).map(lambda raw: raw[: len(raw) // 16 * 16])
)
def test_junk_does_not_open(junk):
    with pytest.raises(crypto.NotForUs):
        crypto.MessageCipher(encoding_aes_key=KEY, app_id="wx1").open(base64.b64encode(junk).decode())


@given(st.text(max_size=60))
def test_text_that_is_no_base64_does_not_open(junk):
    with pytest.raises(crypto.NotForUs):
        crypto.MessageCipher(encoding_aes_key=KEY, app_id="wx1").open(junk)


def test_a_key_of_another_length_is_refused_when_the_door_is_built():
    with pytest.raises(ValueError):
        crypto.MessageCipher(encoding_aes_key=KEY[:-4], app_id="wx1")
