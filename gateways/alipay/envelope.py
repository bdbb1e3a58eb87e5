"""Finding the signed bytes in Alipay's answers.

An answer is one JSON object whose members are the response, the signature and at times a certificate number. Signed are
the response's raw bytes, so the text must be cut, not parsed and printed again; and it must be cut with an eye on
strings, in which braces may stand (counting braces is the known fault of several SDKs).
"""

from __future__ import annotations

import re

from gateways.reading import Malformed

_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_PLAIN = re.compile(rb"[^\s,{}\[\]\":]+")
_NESTED_PIECE = re.compile(rb'[^"{}\[\]]++|"(?:[^"\\]|\\.)*+"|[{}\[\]]', re.DOTALL)

_MAX_MEMBERS = 16


def members(raw: bytes) -> dict[bytes, bytes]:
    """The outer object's members: names without their quotes (not unescaped), values as raw bytes.

    Raises:
        Malformed: not one object of distinct members.
    """
    found: dict[bytes, bytes] = {}
    at = _after(raw, _skip(raw, 0), b"{")
    while len(found) < _MAX_MEMBERS:
        name_at = _skip(raw, at)
        name_end = _string_end(raw, name_at)
        value_at = _skip(raw, _after(raw, _skip(raw, name_end), b":"))
        value_end = _value_end(raw, value_at)
        name = raw[name_at + 1 : name_end - 1]
        if name in found:
            raise Malformed("a member twice")
        found[name] = raw[value_at:value_end]
        at = _skip(raw, value_end)
        if raw[at : at + 1] == b"}":
            if _skip(raw, at + 1) != len(raw):
                raise Malformed("more than one object")
            return found
        at = _after(raw, at, b",")
    raise Malformed("too many members")


def _value_end(raw: bytes, at: int) -> int:
    opening = raw[at : at + 1]
    if opening == b'"':
        return _string_end(raw, at)
    if opening in (b"{", b"["):
        return _nested_end(raw, at)
    match = _PLAIN.match(raw, at)
    if match is None:
        raise Malformed("a value is missing")
    return match.end()


def _nested_end(raw: bytes, at: int) -> int:
    depth = 0
    while True:
        match = _NESTED_PIECE.match(raw, at)
        if match is None:
            raise Malformed("an object does not end")
        at = match.end()
        piece = match.group()
        if piece in (b"{", b"["):
            depth += 1
        elif piece in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                return at


def _string_end(raw: bytes, at: int) -> int:
    match = _STRING.match(raw, at)
    if match is None:
        raise Malformed("a string does not end")
    return match.end()


def _after(raw: bytes, at: int, mark: bytes) -> int:
    if raw[at : at + 1] != mark:
        raise Malformed("not an object")
    return at + 1


def _skip(raw: bytes, at: int) -> int:
    match = _SPACE.match(raw, at)
    assert match is not None
    return match.end()
