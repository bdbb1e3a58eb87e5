from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateways import reading
from gateways.reading import Malformed


@pytest.mark.parametrize(
    "raw", [b"", b"\xff", b"[]", b"nul", b'{"a":' + b"[" * 200_000, b'{"a":' + b"1" * 5000 + b"}", b'"x"']
)
def test_what_is_not_an_object_is_malformed(raw):
    with pytest.raises(Malformed):
        reading.json_object(raw)


@pytest.mark.parametrize("value", [1.0, True, -1, "1", None, 10**15])
def test_a_whole_number_is_an_integer_in_range(value):
    with pytest.raises(Malformed):
        reading.whole({"n": value}, "n")


@pytest.mark.parametrize("value", ["", None, 1, "a\x00b", "\ud800"])
def test_a_text_is_not_empty_and_fit_for_a_database(value):
    with pytest.raises(Malformed):
        reading.text({"t": value}, "t")


def test_times_become_aware_utc():
    expected = datetime(2018, 6, 8, 2, 34, 56, tzinfo=UTC)
    assert reading.instant("2018-06-08T10:34:56+08:00", "t") == expected
    assert reading.instant("2018-06-08T02:34:56z", "t") == expected
    assert reading.beijing_instant("2018-06-08 10:34:56", "t") == expected
    assert reading.beijing_instant("2018-06-08 10:34:56.000", "t").tzinfo is UTC


@pytest.mark.parametrize("reader", [reading.instant, reading.beijing_instant])
@settings(deadline=None)
@given(
    text=st.one_of(
        st.text(), st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([+-]\d\d:\d\d)?", fullmatch=True)
    )
)
def test_any_other_text_is_no_time(reader, text):
    with contextlib.suppress(Malformed):
        assert reader(text, "t").tzinfo is UTC
