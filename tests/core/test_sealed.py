"""Sealed values: what was sealed for a column is read from it, and whatever else somebody makes of a token is not."""

import base64
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import sealed
from tests import keys

COLUMN = "message_address.address"


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs",))))
def test_what_was_sealed_is_read_again(value):
    token = sealed.seal(value, COLUMN)
    assert sealed.is_sealed(token)
    assert sealed.key_of(token) == "test-1"
    assert sealed.opened(token, COLUMN) == value


def test_the_same_value_is_another_token_each_time():
    tokens = {sealed.seal("13800138000", COLUMN) for _ in range(100)}
    assert len(tokens) == 100
    assert not any("13800138000" in token for token in tokens)


def test_a_token_moved_to_another_column_is_not_read():
    with pytest.raises(sealed.SealBroken):
        sealed.opened(sealed.seal("13800138000", COLUMN), "delivery_address.phone")


def test_a_token_of_which_any_one_bit_was_changed_is_not_read():
    token = sealed.seal("13800138000", COLUMN)
    head, _, text = token.rpartition(".")
    whole = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    for bit in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(sealed.SealBroken):
            sealed.opened(f"{head}.{base64.urlsafe_b64encode(changed).rstrip(b'=').decode()}", COLUMN)


@pytest.mark.parametrize(
    "text",
    ["", "13800138000", "s1", "s1.test-1", "s1.test-1.", "s2.test-1.AAAA", "s1.test-1.AAAA", "s1.test-1.A", "s1.test-1.!!!!", "s1.test-1.AAAA\n"],
)  # fmt: skip
def test_what_is_no_token_is_not_read(text):
    with pytest.raises(sealed.SealBroken):
        sealed.opened(text, COLUMN)


def test_a_token_that_was_cut_anywhere_is_not_read():
    token = sealed.seal("13800138000", COLUMN)
    for length in range(len(token)):
        with pytest.raises(sealed.SealBroken):
            sealed.opened(token[:length], COLUMN)


def test_a_token_named_after_another_key_is_not_read():
    token = sealed.seal("13800138000", COLUMN)
    with pytest.raises(sealed.SealBroken):
        keys.TURNED.opened(token.replace("test-1", "test-2"), COLUMN)


def test_the_first_key_seals_and_all_of_them_open():
    token = sealed.seal("13800138000", COLUMN)
    sealed.use(keys.TURNED)
    assert sealed.opened(token, COLUMN) == "13800138000"
    assert sealed.key_of(sealed.seal("13800138000", COLUMN)) == "test-2"


def test_a_key_that_is_not_there_is_named(caplog):
    token = sealed.seal("13800138000", COLUMN)
    sealed.use(keys.DROPPED)
    with pytest.raises(sealed.SealKeyMissing) as refused:
        sealed.opened(token, COLUMN)
    assert refused.value.params == {"kid": "test-1", "column": COLUMN}
    with caplog.at_level(logging.ERROR):
        assert sealed.readable(token, COLUMN) is None
    assert "test-1" in caplog.text and token not in caplog.text


def test_a_blind_index_is_the_same_for_the_same_value_and_kind_only():
    assert sealed.index("13800138000", "phone") == keys.TURNED.index("13800138000", "phone")
    assert sealed.index("13800138000", "phone") != sealed.index("13800138001", "phone")
    assert sealed.index("13800138000", "phone") != sealed.index("13800138000", "email")


def test_keys_do_not_print():
    assert "111" not in repr(keys.OLD)
    assert "111" not in repr(keys.RING)
