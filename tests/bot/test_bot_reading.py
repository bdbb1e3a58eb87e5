"""What the platform nearly always sends is read without a parser: the same is read of it, and refused of it, as with one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import messages

NAMES = st.sampled_from(
    ("ToUserName", "FromUserName", "Content", "Encrypt", "a", "A1", "x:y", "数", "xml", "")
)
TEXTS = st.text(max_size=12) | st.sampled_from(
    ("余额", "[微笑]", "]", "]]", "]]>", "]]]>", "]]]]><![CDATA[>", "<![CDATA[", "<b>1</b>", "&amp;", "&#0;", "&x;", "a > b", "\r\n", "\t",
     "<a><![CDATA[", "\x00", "\x0b", "\x7f", "\x85", "\ufffe", "\uffff", "\u2028", "<!-- -->", "<?php ?>", "\xa0")
)  # fmt: skip
PLAIN = st.tuples(NAMES, TEXTS).map(lambda one: f"<{one[0]}>{one[1]}</{one[0]}>")
QUOTED = st.tuples(NAMES, TEXTS).map(lambda one: f"<{one[0]}><![CDATA[{one[1]}]]></{one[0]}>")
BETWEEN = st.sampled_from(
    ("", "", "", "\n", "  ", "\t", "\r\n", "text", "<a/>", "<a>", "</a>", "<a ></a >", "\x0c", "\u3000")
)
BODIES = st.builds(
    lambda inside, after: f"<xml>{''.join(inside)}</xml>{after}".encode(errors="surrogatepass"),
    st.lists(PLAIN | QUOTED | BETWEEN, max_size=6),
    st.sampled_from(("", "\n", " \r\n", "x", "<a/>", "<!-- -->", "\x0c")),
)


def read(body):
    try:
        return messages.fields_of(body)
    except messages.Malformed:
        return "malformed"


def by_parser(body):
    """A declaration stands before it, and so a parser reads it."""
    return read(b'<?xml version="1.0" encoding="UTF-8"?>' + body)


@settings(max_examples=1_000, deadline=None)
@given(BODIES)
def test_without_a_parser_the_same_is_read(body):
    assert read(body) == by_parser(body)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_bytes_that_were_bent_are_read_as_a_parser_does(data):
    body = bytearray(
        b"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Content><![CDATA[\xe4\xbd\x99]]></Content><N>1</N></xml>"
    )
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(5, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    assert read(bytes(body)) == by_parser(bytes(body))


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("<a>1</a>\n  <b><![CDATA[ [微笑] ]]></b>\n", {"a": "1", "b": " [微笑] "}),
        ("<a>1</a><a>2</a>", {"a": ["1", "2"]}),
        ("<a><![CDATA[]]></a><b></b>", {"a": "", "b": ""}),
        ("<a><![CDATA[1]]]]><![CDATA[>2]]></a>", {"a": "1]]>2"}),
        ("<a><![CDATA[<b>&amp;</b>]]></a>", {"a": "<b>&amp;</b>"}),
        ("<a><![CDATA[<a><![CDATA[1]]></a>", {"a": "<a><![CDATA[1"}),
        ("<a>&lt;</a>", {"a": "<"}),
        ("<a>1\r\n2</a>", {"a": "1\n2"}),
        ("", "malformed"),
        ("<a>&b;</a>", "malformed"),
        ("<a>]]></a>", "malformed"),
        ("<a>\ufffe</a>", "malformed"),
        ("<a>1</b>", "malformed"),
    ],
)
def test_what_is_inside(inside, said):
    assert read(f"<xml>{inside}</xml>".encode()) == said


@pytest.mark.timeout(30)  # looked for to the end of the body from each beginning, it takes many minutes
@pytest.mark.parametrize("piece", ["<a><![CDATA[", "<a>", "<a", "<a>]", "<a>1</b>"])
def test_what_never_ends_is_refused_in_one_go(piece):
    assert read(f"<xml>{piece * 40_000}{'] ' * 250_000}</xml>".encode()) == "malformed"
