"""Bills: the details' text as Alipay wrote it, or a definite word why not; nothing left behind of what did not arrive whole."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from gateway_peers import a_refund, alipay_settings, an_order, signed_by_alipay
from gateway_worlds import NO

from core import clock
from gateways import alipay, packed
from gateways import bills as read_bills
from gateways.alipay import archive, bills
from gateways.bills import Expected
from gateways.channel import BillNotReady, ChannelRefused, RateLimited, ResultUnknown
from gateways.reading import BEIJING, Malformed

VECTOR = json.loads((Path(__file__).parents[1] / "vectors" / "alipay_bill_selfmade.json").read_text())
METHOD = "alipay.data.dataservice.bill.downloadurl.query"
DAY = date(2026, 6, 5)


@pytest.fixture(autouse=True)
def real_time_again():
    yield
    clock.set_offset(timedelta())


# ── against the stand-in ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def yesterday(world, ali):
    """A day with a payment and a refund, over since noon; the worlds' clocks are moved."""
    prepared = await ali.prepare("precreate", an_order(expires_at=world.expires_at))
    await world.pay("alipay/scan", prepared.client)
    await ali.refund(a_refund())
    now = world.sandbox.world.clock.now().astimezone(BEIJING)
    noon = datetime(now.year, now.month, now.day, 12, tzinfo=BEIJING) + timedelta(days=1)
    world.sandbox.world.clock.advance((noon - now).total_seconds())
    clock.set_offset(noon - now)
    return now.date()


@pytest.mark.parametrize(("kind", "rows"), [("trades", 2), ("funds", 4)])
async def test_a_days_bill_is_the_text_as_alipay_wrote_it(world, ali, yesterday, tmp_path, kind, rows):
    bill = await ali.fetch_bill(yesterday, tmp_path, kind=kind)
    text = bill.path.read_bytes()
    assert (bill.channel, bill.kind, bill.day, bill.size_bytes) == ("alipay", kind, yesterday, len(text))
    lines = text.decode("gb18030").split("\r\n")
    assert lines[1] == f"#账号：[{world.credentials.alipay_seller_id}0156]"
    assert sum("账户充值" not in line and NO in line for line in lines) == rows
    assert list(tmp_path.iterdir()) == [bill.path]


async def test_what_is_fetched_can_be_read_and_comes_to_its_own_sums(world, ali, yesterday, tmp_path):
    expected = Expected(day=yesterday, merchant_id=world.credentials.alipay_seller_id)
    trades = await ali.fetch_bill(yesterday, tmp_path)
    with read_bills.trades("alipay", trades.path, expected) as bill:
        lines = [line for batch in bill.batches() for line in batch]
    assert [(line.kind, line.payment_no, line.amount_fen, line.fee_milli) for line in lines] == [
        ("payment", NO, 20000, 120_000),
        ("refund", NO, 5000, -30_000),
    ]
    funds = await ali.fetch_bill(yesterday, tmp_path, kind="funds")
    with read_bills.funds("alipay", funds.path, expected) as bill:
        assert sum(line.amount_fen for batch in bill.batches() for line in batch) == 20000 - 120 - 5000 + 30


@pytest.mark.parametrize("when", ["today", "before nine", "nothing happened", "late"])
async def test_a_bill_that_is_not_there_yet(world, ali, yesterday, tmp_path, when):
    day = yesterday
    if when == "today":
        day += timedelta(days=1)
    elif when == "before nine":
        clock.set_offset(clock.offset() - timedelta(hours=4))
    elif when == "nothing happened":
        day -= timedelta(days=40)
    else:
        world.fault("alipay.bill", "not_ready")
    with pytest.raises(BillNotReady):
        await ali.fetch_bill(day, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("op", "do"),
    [
        ("alipay.bill", "20000"),
        ("alipay.bill", "system_error"),
        ("alipay.bill", "bad_signature"),
        ("alipay.bill", "500_after"),
        ("alipay.bill_file", "500_before"),
        ("alipay.bill_file", "drop_connection"),
        ("alipay.bill_file", "torn"),
        ("alipay.bill_file", "garbage"),
    ],
)
async def test_trouble_on_the_way_is_unknown_and_the_next_try_succeeds(
    world, ali, yesterday, tmp_path, op, do
):
    world.fault(op, do)
    with pytest.raises(ResultUnknown):
        await ali.fetch_bill(yesterday, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert (await ali.fetch_bill(yesterday, tmp_path)).size_bytes > 0


async def test_too_often(world, ali, yesterday, tmp_path):
    world.fault("alipay.bill", "429")
    with pytest.raises(RateLimited):
        await ali.fetch_bill(yesterday, tmp_path)


# ── against a peer ──────────────────────────────────────────────────────────────────────────────────────


def zipped(*files: tuple[str, bytes], **how) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files:
            out.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, **how)  # always the same bytes
    return into.getvalue()


async def fetched(peer, tmp_path, body: bytes, *, url="{peer}/file?token=1", **bounds):
    signed = signed_by_alipay(
        METHOD, {"code": "10000", "msg": "Success", "bill_download_url": url.format(peer=peer.url)}
    )
    peer.answers = [(200, {}, signed), (200, {}, body)]
    settings = alipay_settings(gateway_url=f"{peer.url}/gateway.do", total_timeout_s=10.0)
    async with alipay.Alipay(settings) as client:
        return await client.fetch_bill(DAY, tmp_path, **bounds)


async def test_the_recorded_archive(peer, tmp_path):
    bill = await fetched(peer, tmp_path, base64.b64decode(VECTOR["trade_zip_base64"]))
    assert bill.path.read_bytes() == base64.b64decode(VECTOR["trade_csv_gbk_base64"])
    assert peer.received[1].target == "/file?token=1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        zipped(),
        zipped(("汇总.csv", b"x")),
        zipped(("a.csv", b"x"), ("b.csv", b"y")),
        zipped(("readme.txt", b"x")),
        zipped(*((f"{number}.csv", b"") for number in range(200))),
        zipped(("a.csv", b"x" * 1000))[:-30],
        zipped(("a.csv", b"content")).replace(b"a.csv", b"a.csv", 1)[:40] + b"\x00" * 200,
    ],
)
async def test_what_is_no_bill_is_unknown_and_leaves_nothing(peer, tmp_path, body):
    with pytest.raises(ResultUnknown):
        await fetched(peer, tmp_path, body)
    assert list(tmp_path.iterdir()) == []


async def test_a_bomb_is_refused_before_it_goes_off(peer, tmp_path):
    bomb = zipped(("a.csv", b"\x00" * 50_000_000))
    assert len(bomb) < 100_000
    with pytest.raises(ChannelRefused, match="bill_too_large"):
        await fetched(peer, tmp_path, bomb, max_bytes=1_000_000)
    with pytest.raises(ChannelRefused, match="bill_too_large"):
        await fetched(peer, tmp_path, b"PK" + b"x" * 2_000_000, max_bytes=1_000_000)
    assert list(tmp_path.iterdir()) == []


async def test_names_in_the_archive_lead_nowhere(peer, tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    bill = await fetched(peer, inside, zipped(("../../etc/evil.csv", b"text")))
    assert bill.path == inside / "alipay-trades-2026-06-05.csv"
    assert list(tmp_path.rglob("*")) == [inside, bill.path]


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example.com/file",
        "https://alipay.com.evil.example.com/file",
        "https://evilalipay.com/file",
        "ftp://dwbillcenter.alipay.com/file",
        "https://user@dwbillcenter.alipay.com:8443/file",
        "file:///etc/passwd",
        "https://dwbillcenter.alipay.com/fi le",
        "https://[broken/file",
        "",
    ],
)
async def test_files_elsewhere_than_at_alipay_are_not_fetched(peer, tmp_path, url):
    with pytest.raises(ResultUnknown):
        await fetched(peer, tmp_path, b"", url=url)
    assert len(peer.received) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_alipays_own_hosts_are_called_by_https_however_they_are_named(scheme):
    assert bills._address(f"{scheme}://dwbillcenter.alipay.com/a?b=1", "https://openapi.alipay.com") == (
        "https://dwbillcenter.alipay.com",
        "/a?b=1",
    )
    with pytest.raises(Malformed):
        bills._address(f"{scheme}://openapi.alipay.cn/a", "https://openapi.alipay.com")


def test_an_encrypted_member_is_no_bill(tmp_path):
    path = tmp_path / "a.zip"
    raw = bytearray(zipped(("a.csv", b"text")))
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    with pytest.raises(packed.Torn):
        archive.unpack(path, io.BytesIO(), max_bytes=100)
