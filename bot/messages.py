"""What the platform pushes, read: XML or JSON in, one plain ``Message`` out.

Source: developers.weixin.qq.com, "接收普通消息", "接收事件推送", and for mini-programs "消息推送" and "订阅消息" (its events come
as XML with a group element, or as JSON with a ``List`` that is one object when there is one row).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree

_MAX_DEPTH = 6
_MAX_ROWS = 100
_OPENID = re.compile(r"[A-Za-z0-9_@.-]{1,128}")
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)

TEMPLATE_SENT = "templatesendjobfinish"
"""The event that says how a template message ended."""

Fields = Mapping[str, Any]
"""Names to texts, nested fields, or lists of either."""


class Malformed(Exception):
    """Not a message of the platform."""


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """What a subscribe-message event says about one template: ``status`` is ``accept``, ``reject`` or so, or the result of a
    send, with its ``error_code``."""

    template_id: str
    status: str
    error_code: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message (``kind`` is text, image, voice …) or an event (``kind`` is event and ``event`` its name in lower case).

    ``text`` is what a person wrote or, where the platform recognised speech, said; of the end of a template message (event
    ``templatesendjobfinish``) how it ended, and ``event_key`` is then its number. ``dedup_key`` is the same each time the
    platform delivers the message again.
    """

    account: str
    openid: str
    kind: str
    event: str
    event_key: str
    text: str
    templates: tuple[TemplateRow, ...]
    dedup_key: str
    media_id: str = ""
    picture_url: str = ""
    """Of a picture: where the platform shows it, for three days."""


def fields_of(body: bytes) -> Fields:
    """The fields of an XML or JSON body.

    Raises:
        Malformed: neither, nested too deep, or with text that cannot be stored.
    """
    return _json(body) if body.lstrip()[:1] == b"{" else _xml(body)


def read(fields: Fields) -> Message:
    """The message that the fields say.

    Raises:
        Malformed: something every message has is missing or not of its kind.
    """
    openid, sent = _text(fields, "FromUserName"), _text(fields, "CreateTime")
    kind, account = _text(fields, "MsgType").lower(), _text(fields, "ToUserName")
    if not (_OPENID.fullmatch(openid) and _OPENID.fullmatch(account)):
        raise Malformed("FromUserName or ToUserName")
    if not _SECONDS.fullmatch(sent) or not 0 < len(kind) <= 40:
        raise Malformed("CreateTime or MsgType")
    event = _text(fields, "Event").lower() if kind == "event" else ""
    rows = tuple(_template_rows(fields)) if event.startswith("subscribe_msg_") else ()
    is_end = event == TEMPLATE_SENT
    return Message(
        account=account,
        openid=openid,
        kind=kind,
        event=event,
        event_key=_text(fields, "MsgID" if is_end else "EventKey") if event else "",
        text=_text(fields, "Status") if is_end else _text(fields, "Content") or _text(fields, "Recognition"),
        templates=rows,
        dedup_key=_dedup_key(fields, openid, sent, kind),
        media_id=_text(fields, "MediaId"),
        picture_url=_text(fields, "PicUrl"),
    )


def _dedup_key(fields: Fields, openid: str, sent: str, kind: str) -> str:
    """MsgId for messages, sender and second for events ("消息排重"). The rest of an event goes in as well: two different
    events of one second are two."""
    if kind != "event" and _SECONDS_OR_LONGER.fullmatch(number := _text(fields, "MsgId")):
        return f"message:{number}"
    about = {name: value for name, value in fields.items() if name not in ("Encrypt", "ToUserName")}
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    return f"{kind}:{openid[:64]}:{sent}:{digest[:32]}"


_SECONDS_OR_LONGER = re.compile(r"[0-9]{1,32}", re.ASCII)


def _template_rows(fields: Fields) -> Iterator[TemplateRow]:
    groups = [value for value in fields.values() if isinstance(value, Mapping) and "List" in value]
    listed = (groups[0] if groups else fields).get("List", [])
    for row in (listed if isinstance(listed, Sequence) and not isinstance(listed, str) else [listed])[
        :_MAX_ROWS
    ]:
        if not isinstance(row, Mapping) or not 0 < len(template_id := _text(row, "TemplateId")) <= 64:
            raise Malformed("List")
        status = _text(row, "SubscribeStatusString") or _text(row, "ErrorStatus")
        yield TemplateRow(template_id, status.lower(), _text(row, "ErrorCode"))


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise Malformed(name)
    return value.strip()


# ── the two formats ─────────────────────────────────────────────────────────────────────────────────


_ELEMENT = re.compile(
    r"<([A-Za-z]{1,40})>(?:"
    r"<!\[CDATA\[((?:[^\x00-\x08\x0b-\x1f\ufffe\uffff<\]]++|<(?!!\[CDATA\[)|\](?!\]>))*+)\]\]>"
    r"|([^\x00-\x08\x0b-\x1f\ufffe\uffff<&\]]*+)"
    r")</\1>"
)
"""An element whose text stands there as it is: nothing in it that XML would read as something else. What is quoted ends where another
quotation would begin: else each of thousands that never end would be looked for to the end of the body."""


def _flat(body: bytes) -> Fields | None:
    """The fields of what the platform sends nearly always: elements side by side, each a text. None: it is not just that, and takes a
    parser, which would say the same of all that is read here."""
    if not body.startswith(b"<xml>") or not body.endswith(b"</xml>"):
        return None
    try:
        pieces = _ELEMENT.split(body[5:-6].decode())
    except UnicodeDecodeError:
        return None
    between = pieces[::4]
    if any(between) and "".join(between).strip(" \t\n"):
        return None
    fields = {
        name: plain if quoted is None else quoted
        for name, quoted, plain in zip(pieces[1::4], pieces[2::4], pieces[3::4], strict=True)
    }
    return fields if len(fields) * 4 == len(pieces) - 1 > 0 else None  # one that comes twice is a list


def _xml(body: bytes) -> Fields:
    if (flat := _flat(body.rstrip(b" \t\n"))) is not None:
        return flat
    try:
        root = _without_dtd(body)
    except (ParseError, ValueError, LookupError) as wrong:  # LookupError: an encoding nobody knows
        raise Malformed("not XML") from wrong
    if root.tag != "xml":
        raise Malformed("the outer element is not <xml>")
    fields = _inside(root, _MAX_DEPTH)
    if not isinstance(fields, dict):
        raise Malformed("nothing inside")
    return fields


def _without_dtd(body: bytes) -> Element:
    """What begins with its first element has no DTD, so no entities of its own, and no encoding but UTF-8: all of that would have to stand
    before it (XML 1.0, 2.8 and 4.3.3). Such a body, which is what the platform sends, is read by the parser in C."""
    if body.startswith(b"<xml>"):
        return ElementTree.fromstring(body)  # noqa: S314 (see above)
    root: Element = defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    return root


def _inside(element: Element, depth: int) -> str | dict[str, Any]:
    if depth == 0:
        raise Malformed("nested too deep")
    if not len(element):
        return element.text or ""
    fields: dict[str, Any] = {}
    for child in element:
        value = _inside(child, depth - 1) if len(child) or depth == 1 else child.text or ""
        if child.tag not in fields:
            fields[child.tag] = value
        elif isinstance(fields[child.tag], list):
            fields[child.tag].append(value)
        else:
            fields[child.tag] = [fields[child.tag], value]
    return fields


def _json(body: bytes) -> Fields:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as wrong:
        raise Malformed("not JSON") from wrong
    fields = _as_texts(given, _MAX_DEPTH)
    if not isinstance(fields, dict):
        raise Malformed("not an object")
    return fields


def _as_texts(value: Any, depth: int) -> str | dict[str, Any] | list[Any]:
    if depth == 0:
        raise Malformed("nested too deep")
    if isinstance(value, dict):
        return {_storable(name): _as_texts(one, depth - 1) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_texts(one, depth - 1) for one in value]
    return "" if value is None else _storable(str(value))


def _storable(text: str) -> str:
    """JSON can name characters that XML, UTF-8 and PostgreSQL cannot hold."""
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise Malformed("text")
    return text
