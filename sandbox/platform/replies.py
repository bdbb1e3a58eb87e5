"""Reading the merchant's passive reply as strictly as the platform does."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from sandbox.platform import message_xml
from sandbox.platform.accounts import Account
from sandbox.platform.message_cipher import BadMessage, MessageCipher, signature
from sandbox.platform.pushes import Mode, Reply

MOST_TEXT_BYTES = 2048


class BadReply(Exception):
    """The person sees that the account is not available; the text says why, for the merchant's developers."""


def read_reply(
    reply: Reply, *, account: Account, cipher: MessageCipher, mode: Mode, openid: str
) -> dict[str, Any] | None:
    """The chat bubble to show, or None for an empty answer or `success`. Raises: BadReply."""
    if reply.status != 200:
        raise BadReply(f"HTTP {reply.status}")
    text = reply.text.strip()
    if text in ("", "success"):
        return None
    root = _parse(text)
    if mode == "safe":
        root = _parse(_decrypt(root, account, cipher))
    _check_envelope(root, account, openid)
    return _bubble(root)


def _parse(text: str) -> Element:
    try:
        return message_xml.read(text)
    except ValueError as wrong:
        raise BadReply(f"not XML: {wrong}") from wrong


def _decrypt(root: Element, account: Account, cipher: MessageCipher) -> str:
    encrypted, given = root.findtext("Encrypt"), root.findtext("MsgSignature")
    timestamp, nonce = root.findtext("TimeStamp"), root.findtext("Nonce")
    if not (encrypted and given and timestamp and nonce):
        raise BadReply("safe mode wants Encrypt, MsgSignature, TimeStamp and Nonce")
    if signature(account.token, timestamp, nonce, encrypted) != given:
        raise BadReply("MsgSignature does not match")
    try:
        return cipher.decrypt(encrypted)
    except BadMessage as wrong:
        raise BadReply(f"cannot be decrypted: {wrong}") from wrong


def _check_envelope(root: Element, account: Account, openid: str) -> None:
    if root.findtext("ToUserName") != openid:
        raise BadReply("ToUserName is not the person who wrote")
    if root.findtext("FromUserName") != account.original_id:
        raise BadReply("FromUserName is not the account")
    if not (root.findtext("CreateTime") or "").isdigit():
        raise BadReply("CreateTime is not a number of seconds")


def _bubble(root: Element) -> dict[str, Any]:
    kind = root.findtext("MsgType")
    if kind == "text":
        content = root.findtext("Content") or ""
        if not content or len(content.encode()) > MOST_TEXT_BYTES:
            raise BadReply("Content is empty or longer than 2048 bytes")
        return {"kind": "text", "text": content}
    if kind == "news":
        articles = [
            {name.lower(): item.findtext(name) or "" for name in ("Title", "Description", "PicUrl", "Url")}
            for item in root.findall("./Articles/item")
        ]
        if not articles or root.findtext("ArticleCount") != str(len(articles)):
            raise BadReply("ArticleCount does not match Articles")
        return {"kind": "news", "articles": articles[:1]}
    if kind in ("image", "voice", "video", "music", "transfer_customer_service"):
        return {"kind": kind}
    raise BadReply(f"MsgType {kind!r}")
