"""Sentences are filled in as ``string.Formatter`` would fill them in, which reads each anew."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock, words

PARAMS = {"name": "一盏茶", "amount_fen": 12345, "at": clock.now(), "on": clock.today(), "none": None}
PIECES = st.sampled_from(
    ("余额 ", "{name}", "{amount_fen:yuan}", "{at:minute}", "{on:day}", "{missing}", "{{", "}}", "{name!r}", "{name:{amount_fen}}", "{}",
     "{0}", "{name.upper}", "{name[0]}", "{none:yuan}", "{name:>10}", "{", "}", "{a b}", "\n")
)  # fmt: skip


def told(fill):
    try:
        return fill()
    except (ValueError, KeyError, IndexError, TypeError) as refused:
        return type(refused)


@given(st.lists(PIECES, max_size=6).map("".join))
def test_every_pattern_is_filled_in_as_the_formatter_does(pattern):
    for _ in range(2):  # what was taken apart once is remembered
        said = told(lambda: words.fill(pattern, **PARAMS))
        assert said == told(lambda: words._FORMATTER.vformat(pattern, (), PARAMS))


@pytest.mark.parametrize("locale", words.LOCALES)
def test_every_sentence_of_ours_is_taken_apart_once(locale):
    for key in words.keys(locale):
        assert words._pieces(words.template(key, locale)) is not None, key
        assert words.say(key, locale) == words._FORMATTER.vformat(words.template(key, locale), (), {})
