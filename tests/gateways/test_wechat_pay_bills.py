"""Bills of WeChat Pay: asked for, streamed into a file, believed only when the hash fits."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from datetime import date, datetime, timedelta

import pytest
from gateway_peers import wechat_settings

from core import clock
from gateways import reading, wechat_pay
from gateways.channel import BillFile, BillNotReady, ChannelRefused, RateLimited, ResultUnknown

TEXT = ("交易时间,微信订单号\n" + "`2026-11-23 10:00:00,`4200001\n" * 50 + "总交易单数\n`50\n").encode()
ADDRESS = "https://api.mch.weixin.qq.com/v3/billdownload/file?token=a%2Bb&tartype=gzip"


@pytest.fixture
def day() -> date:
    return (clock.now().astimezone(reading.BEIJING) - timedelta(days=2)).date()


def offers(peer, file: bytes, *, text: bytes = TEXT, **changes) -> None:
    content = {"hash_type": "SHA1", "hash_value": hashlib.sha1(text).hexdigest(), "download_url": ADDRESS}
    peer.answer_signed(content | changes)
    peer.answers.append((200, {"Content-Type": "application/octet-stream"}, file))


async def test_a_bill_is_unpacked_into_a_file(peer, wechat_client, day, tmp_path):
    offers(peer, gzip.compress(TEXT, mtime=0))
    bill = await wechat_client.fetch_bill(day, tmp_path)
    assert bill == BillFile("wechat_pay", "trades", day, tmp_path / f"wechat_pay-trades-{day}.csv", len(TEXT))
    assert bill.path.read_bytes() == TEXT and [each.name for each in tmp_path.iterdir()] == [bill.path.name]
    asked, fetched = peer.received
    assert asked.target == f"/v3/bill/tradebill?bill_date={day}&bill_type=ALL&tar_type=GZIP"
    assert fetched.target == "/v3/billdownload/file?token=a%2Bb&tartype=gzip"
    assert fetched.headers["Authorization"].startswith("WECHATPAY2-SHA256-RSA2048 ")


async def test_the_fund_flow_bill(peer, wechat_client, day, tmp_path):
    offers(peer, gzip.compress(TEXT, mtime=0))
    bill = await wechat_client.fetch_bill(day, tmp_path, kind="funds")
    assert bill.kind == "funds" and bill.path.read_bytes() == TEXT
    assert (
        peer.received[0].target == f"/v3/bill/fundflowbill?bill_date={day}&account_type=BASIC&tar_type=GZIP"
    )


@pytest.mark.parametrize(
    "file", [TEXT, gzip.compress(TEXT[:700], mtime=0) + gzip.compress(TEXT[700:], mtime=0)]
)
async def test_plain_files_and_files_packed_in_pieces_are_read_too(peer, wechat_client, day, tmp_path, file):
    offers(peer, file)
    assert (await wechat_client.fetch_bill(day, tmp_path)).path.read_bytes() == TEXT


@pytest.mark.parametrize(
    "file",
    [
        gzip.compress(TEXT, mtime=0)[:-20],
        gzip.compress(TEXT, mtime=0)[:1],
        gzip.compress(TEXT + b"`1", mtime=0),
        gzip.compress(TEXT, mtime=0) + b"more",
        b"<html></html>",
        b"",
        b"\x1f\x8b" + b"\xff" * 50,
    ],
)
async def test_a_file_that_is_not_what_was_promised_leaves_nothing(peer, wechat_client, day, tmp_path, file):
    offers(peer, file)
    with pytest.raises(ResultUnknown):
        await wechat_client.fetch_bill(day, tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_breaks_off_is_fetched_from_the_backup(start_peer, day, tmp_path):
    main, backup = await start_peer(), await start_peer()
    offers(main, b"")
    main.answers[1] = "drop"
    backup.answers.append((200, {}, gzip.compress(TEXT, mtime=0)))
    settings = wechat_settings(base_urls=(main.url, backup.url))
    async with wechat_pay.WechatPay(settings) as client:
        bill = await client.fetch_bill(day, tmp_path)
    assert bill.path.read_bytes() == TEXT and len(backup.received) == 1


async def test_a_few_bytes_that_unpack_to_many_are_stopped(peer, day, tmp_path):
    many = bytes(40 * 1024 * 1024)
    offers(peer, gzip.compress(many, mtime=0), text=many)
    settings = wechat_settings(base_urls=(peer.url,))
    async with wechat_pay.WechatPay(settings) as client:
        with pytest.raises(ChannelRefused, match="bill_too_large"):
            await client.fetch_bill(day, tmp_path, max_bytes=8 * 1024 * 1024)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", ["NO_STATEMENT_EXIST", "STATEMENT_CREATING"])
async def test_a_bill_that_is_not_there_yet(peer, wechat_client, day, tmp_path, code):
    peer.refuse(400, code)
    with pytest.raises(BillNotReady):
        await wechat_client.fetch_bill(day, tmp_path)


async def test_before_ten_the_next_morning_nobody_is_asked(peer, wechat_client, tmp_path):
    now = clock.now().astimezone(reading.BEIJING)
    yesterday = now.date() - timedelta(days=1)
    ten = datetime.combine(now.date(), datetime.min.time(), reading.BEIJING) + timedelta(hours=10)
    offset = clock.offset()
    try:
        clock.set_offset(offset + (ten - timedelta(seconds=30) - now))
        for early in (yesterday, now.date(), now.date() + timedelta(days=3)):
            with pytest.raises(BillNotReady):
                await wechat_client.fetch_bill(early, tmp_path)
    finally:
        clock.set_offset(offset)
    assert peer.received == []


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (429, "FREQUENCY_LIMITED", RateLimited),
        (500, "SYSTEM_ERROR", ResultUnknown),
        (400, "PARAM_ERROR", ChannelRefused),
    ],
)
async def test_other_answers(peer, wechat_client, day, tmp_path, status, code, error):
    peer.refuse(status, code)
    with pytest.raises(error):
        await wechat_client.fetch_bill(day, tmp_path)
    peer.answers.clear()
    offers(peer, b"")
    peer.answers.pop()
    peer.refuse(status, code)
    with pytest.raises(error):
        await wechat_client.fetch_bill(day, tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"hash_type": "MD5"},
        {"hash_value": 1},
        {"download_url": "https://evil.example.com/x"},
        {"download_url": ADDRESS + " HTTP/1.1\r\nX: y"},
        {"download_url": ADDRESS + "é"},
        {"download_url": None},
    ],
)
async def test_an_answer_that_makes_no_sense_fetches_nothing(peer, wechat_client, day, tmp_path, changes):
    offers(peer, gzip.compress(TEXT, mtime=0), **changes)
    with pytest.raises(ResultUnknown):
        await wechat_client.fetch_bill(day, tmp_path)
    assert len(peer.received) == 1


async def test_who_is_cancelled_leaves_no_half_file(peer, wechat_client, day, tmp_path):
    offers(peer, b"")

    async def never(_request):
        await asyncio.sleep(60)

    peer.answers[1] = never
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await wechat_client.fetch_bill(day, tmp_path)
    assert list(tmp_path.iterdir()) == []
