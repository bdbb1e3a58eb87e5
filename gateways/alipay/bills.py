"""Alipay's bills (opendocs.alipay.com, alipay.data.dataservice.bill.downloadurl.query): an address that lives thirty seconds, and
behind it a zip. Nothing signs or hashes the file: it is believed because HTTPS says that Alipay's own host sent it."""

from __future__ import annotations

import asyncio
import urllib.parse
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from core import clock
from gateways import http, packed, reading
from gateways.alipay import answers, archive
from gateways.alipay.calls import Calls
from gateways.channel import BillFile, BillKind, BillNotReady, ChannelRefused, ResultUnknown
from gateways.reading import Malformed, understood

READY_AT: Final = time(9, 0)
"""From then on (Beijing) there can be a bill of yesterday; now and then it is later."""

_METHOD = "alipay.data.dataservice.bill.downloadurl.query"
_TYPES: dict[BillKind, str] = {"trades": "trade", "funds": "signcustomer"}
_HOSTS = (".alipay.com", ".alipaydev.com")


async def fetch(calls: Calls, day: date, into: Path, *, kind: BillKind, max_bytes: int) -> BillFile:
    """See `channel.Channel.fetch_bill`. The file is the details' text out of the archive, GBK as delivered.

    Raises: BillNotReady; ChannelRefused "bill_too_large" beyond `max_bytes`, packed or not.
    """
    if clock.now() < datetime.combine(day + timedelta(days=1), READY_AT, reading.BEIJING):
        raise BillNotReady(day)
    try:
        content = await calls.ask(_METHOD, {"bill_type": _TYPES[kind], "bill_date": day.isoformat()})
    except ChannelRefused as refused:
        if answers.bill_missing(refused.code):
            raise BillNotReady(day) from None
        raise
    with understood():
        origin, target = _address(reading.text(content, "bill_download_url"), calls.origin)
    path = into / f"alipay-{kind}-{day.isoformat()}.csv"
    zipped, part = path.with_suffix(".zip"), path.with_suffix(".part")
    try:
        with packed.whole():
            with zipped.open("wb") as file:
                await _download(calls, origin, target, file, max_bytes)
            with part.open("wb") as file:
                size_bytes = await asyncio.to_thread(archive.unpack, zipped, file, max_bytes=max_bytes)
        part.replace(path)
    finally:
        zipped.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
    return BillFile(answers.CHANNEL, kind, day, path, size_bytes)


async def _download(calls: Calls, origin: str, target: str, file: BinaryIO, max_bytes: int) -> None:
    def begin() -> None:
        file.seek(0)
        file.truncate()

    async def take(piece: bytes) -> None:
        await asyncio.to_thread(file.write, piece)
        if file.tell() > max_bytes:
            raise packed.TooLarge

    try:
        async with calls.caller_of(origin) as caller:
            answer = await caller.download(
                target, headers=lambda: {"User-Agent": "yucun"}, take=take, begin=begin
            )
    except http.NoAnswer as failed:
        raise ResultUnknown(failed.reason) from None
    if answer is not None:
        raise ResultUnknown(f"the bill's file: HTTP {answer.status}")


def _address(url: str, gateway: str) -> tuple[str, str]:
    """Origin, and path with query, of a file's address: at one of Alipay's hosts by HTTPS, or where the gateway is.

    Raises: Malformed.
    """
    if not url.isascii() or any(letter <= " " for letter in url):
        raise Malformed("bill_download_url is not an address")
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Malformed("bill_download_url is not an address") from None
    target = f"{parts.path}?{parts.query}"
    if f"{parts.scheme}://{parts.netloc}" == gateway:
        return gateway, target
    # Addresses are handed out with http:// at times; the file is fetched by HTTPS all the same.
    if parts.scheme not in ("http", "https") or not host.endswith(_HOSTS) or port not in (None, 80, 443):
        raise Malformed("bill_download_url is not at Alipay")
    return f"https://{host}", target
