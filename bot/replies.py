"""Passive replies: their XML, and texts cut to what the platform shows.

Source: developers.weixin.qq.com, "被动回复用户消息"; a text has at most 2048 bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from core import clock

MOST_BYTES = 2048
NOTHING = "success"
"""What to answer when there is nothing to say; the platform then neither retries nor shows an error."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(*, to: str, account: str, content: str) -> str:
    """A text reply as XML."""
    return _envelope(to, account, "text", f"<Content>{_cdata(content)}</Content>")


def to_service_desk(*, to: str, account: str) -> str:
    """The reply that passes a person's message on to the people at the platform's service desk ("转发客服消息")."""
    return _envelope(to, account, "transfer_customer_service", "")


def sealed(*, encrypted: str, signature: str, timestamp: str, nonce: str) -> str:
    """The envelope of an encrypted reply: base64, digits and letters, which XML has nothing to say about."""
    return (
        f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt><MsgSignature><![CDATA[{signature}]]></MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
    )


def fit(lines: Iterable[str], *, more: str, most_bytes: int = MOST_BYTES) -> str:
    """The lines as one text; where they are too long, whole lines are left out at the end and ``more`` says so."""
    wanted = [line for block in lines for line in block.split("\n")]
    whole = "\n".join(wanted)
    if len(whole.encode()) <= most_bytes:
        return whole
    room = most_bytes - len(more.encode()) - 1
    kept: list[str] = []
    for line in wanted:
        size = len(line.encode()) + 1
        if size > room:
            break
        kept.append(line)
        room -= size
    if not kept:  # one endless line: cut it between two characters
        kept = [wanted[0].encode()[: max(room - 4, 0)].decode(errors="ignore") + "…"]
    return "\n".join([*kept, more])


def _envelope(to: str, account: str, kind: str, inside: str) -> str:
    return (
        f"<xml><ToUserName>{_cdata(to)}</ToUserName><FromUserName>{_cdata(account)}</FromUserName>"
        f"<CreateTime>{int(clock.now().timestamp())}</CreateTime><MsgType>{_cdata(kind)}</MsgType>{inside}</xml>"
    )


def _cdata(value: str) -> str:
    if value.isascii() and value.isprintable() and "]" not in value:  # names, numbers, what is sealed
        return f"<![CDATA[{value}]]>"
    return "<![CDATA[" + _NOT_XML.sub("", value).replace("]]>", "]]]]><![CDATA[>") + "]]>"
