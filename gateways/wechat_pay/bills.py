"""WeChat Pay's bills (API v3, "申请交易账单", "申请资金账单", "下载账单")."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from core import clock
from gateways import http, packed, reading
from gateways.channel import BillFile, BillKind, BillNotReady, ChannelRefused, ResultUnknown
from gateways.reading import JsonObject, Malformed, understood
from gateways.wechat_pay import answers
from gateways.wechat_pay.calls import Calls, quoted
from gateways.wechat_pay.unpacking import Unpacking

READY_AT: Final = time(10, 0)
"""From then on (Beijing) yesterday's bill is whole; what is there earlier may not be."""

_NOT_READY = frozenset({"NO_STATEMENT_EXIST", "STATEMENT_CREATING"})
_FILE_PATH = "/v3/billdownload/file?"
_TARGETS: dict[BillKind, str] = {
    "trades": "/v3/bill/tradebill?bill_date={day}&bill_type=ALL&tar_type=GZIP",
    "funds": "/v3/bill/fundflowbill?bill_date={day}&account_type=BASIC&tar_type=GZIP",
}


async def fetch(calls: Calls, day: date, into: Path, *, kind: BillKind, max_bytes: int) -> BillFile:
    """See `channel.Channel.fetch_bill`.

    Raises: BillNotReady; ChannelRefused "bill_too_large" beyond `max_bytes` of text.
    """
    if clock.now() < datetime.combine(day + timedelta(days=1), READY_AT, reading.BEIJING):
        raise BillNotReady(day)
    try:
        content = await calls.ask("GET", _TARGETS[kind].format(day=quoted(day.isoformat())))
    except ChannelRefused as refused:
        if refused.code in _NOT_READY:
            raise BillNotReady(day) from None
        raise
    with understood():
        target, wanted = _file_target(content), _hash(content)
    path = into / f"wechat_pay-{kind}-{day.isoformat()}.csv"
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            unpacking = await _download(calls, target, file, max_bytes)
        if unpacking.sha1_hex != wanted:
            raise ResultUnknown("the bill's hash differs")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return BillFile("wechat_pay", kind, day, path, unpacking.size_bytes)


async def _download(calls: Calls, target: str, file: BinaryIO, max_bytes: int) -> Unpacking:
    unpacking = Unpacking(file, max_bytes=max_bytes)

    def begin() -> None:
        nonlocal unpacking
        file.seek(0)
        file.truncate()
        unpacking = Unpacking(file, max_bytes=max_bytes)

    async def take(piece: bytes) -> None:
        await asyncio.to_thread(unpacking.feed, piece)

    with packed.whole():
        try:
            answer = await calls.download(target, take=take, begin=begin)
        except http.NoAnswer as failed:
            raise ResultUnknown(failed.reason) from None
        if answer is not None:
            raise answers.failure(answer)
        await asyncio.to_thread(unpacking.finish)
    return unpacking


def _file_target(content: JsonObject) -> str:
    """Path and query of the download address. It is fetched from the hosts we know, wherever it points."""
    url = reading.text(content, "download_url")
    place = url.find(_FILE_PATH)
    if place < 0 or not url.isascii() or any(letter <= " " for letter in url):
        raise Malformed("download_url is not a bill's")
    return url[place:]


def _hash(content: JsonObject) -> str:
    if reading.text(content, "hash_type") != "SHA1":
        raise Malformed("hash_type is not SHA1")
    return reading.text(content, "hash_value").lower()
