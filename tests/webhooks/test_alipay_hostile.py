"""What strangers send to Alipay's address: answered in bounded time, by nobody outside, and nothing is left of it."""

import time
import urllib.parse

import pytest

from core import db
from sandbox import keys

ADDRESS = "/webhooks/alipay"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def calls(world, monkeypatch):
    """The outgoing calls that the shop makes while a test runs."""
    made = []
    send = world.runtime.outside.alipay._calls.caller.send

    async def counted(*arguments, **more):
        made.append(arguments)
        return await send(*arguments, **more)

    monkeypatch.setattr(world.runtime.outside.alipay._calls.caller, "send", counted)
    return made


async def posted(world, body, kind=FORM):
    began = time.monotonic()
    async with world.http.post(f"{world.url}{ADDRESS}", data=body, headers={"Content-Type": kind}) as answer:
        said = (answer.status, await answer.text())
    assert time.monotonic() - began < 5
    return said


def fields_of(world, **changes):
    """A notification as Alipay would send it to this shop."""
    c = world.sandbox.credentials
    fields = {
        "notify_id": "20261123000001", "notify_type": "trade_status_sync", "app_id": c.alipay_app_id,
        "seller_id": c.alipay_seller_id, "charset": "utf-8", "version": "1.0", "trade_no": "2026112322001",
        "out_trade_no": "P1", "trade_status": "TRADE_SUCCESS", "total_amount": "10.00", "gmt_payment": "2026-11-23 10:00:00",
    }  # fmt: skip
    return {name: value for name, value in (fields | changes).items() if value is not None}


def signed(world, fields, *, key=None):
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    sign = keys.sign(key or world.sandbox.world.bank.alipay, text.encode())
    return urllib.parse.urlencode({**fields, "sign_type": "RSA2", "sign": sign})


async def test_hostile_bodies_are_refused_by_nobody_outside(world, calls):
    stranger = keys.new_private_key()
    good = fields_of(world)
    form = signed(world, good)
    for body in (
        signed(world, good, key=stranger),
        form.replace("total_amount=10.00", "total_amount=10000.00"),
        f"{form}&total_amount=10.00",
        f"{form}&out_trade_no=P2",
        form.replace("sign_type=RSA2", "sign_type=RSA"),
        form.replace("sign_type=RSA2&", ""),
        form.replace("charset=utf-8", "charset=gbk"),
        urllib.parse.urlencode({**good, "subject": "充值", "sign_type": "RSA2"}, encoding="gbk"),
        signed(world, good).encode() + b"&subject=" + "充值".encode("gbk"),
        signed(world, good | {"app_id": "2021000000000099"}),
        signed(world, good | {"seller_id": "2088000000000099"}),
        signed(world, good | {"total_amount": "1e9"}),
        signed(world, good | {"total_amount": "NaN"}),
        signed(world, good | {"out_trade_no": ""}),
        signed(world, good | {"alipay_cert_sn": "0" * 32}, key=stranger),
        "sign=" + "A" * 60_000,
        "&".join(f"a{number}={number}" for number in range(5000)),
        "a=%",
        "%00=%00",
        "[]",
        '{"notify_type":{}}',
    ):
        status, said = await posted(world, body)
        assert status in (400, 401), body
        assert said == "failure"
    assert await db.fetchval("SELECT count(*) FROM channel_notice WHERE verdict = 'verified'") == 0
    assert await db.fetchval("SELECT count(*) FROM quarantine") == 0
    assert calls == []


async def test_huge_and_endless_bodies_end_soon(world, calls):
    async def drip():
        for _ in range(200):
            yield b"a=" + b"x" * 1024 + b"&"

    assert (await posted(world, drip()))[0] == 400
    assert (await posted(world, b"x" * 10_000_000))[0] in (400, 413)
    assert calls == []


async def test_a_replayed_notification_changes_nothing(world, calls):
    phone = await world.arrive()
    made = (await phone.top_up("alipay", "precreate", amount_fen=1000)).body
    await phone.pay(made["payment"])
    await world.quiet()
    del calls[:]
    sent = next(
        one
        for one in world.sandbox.world.courier.deliveries()
        if one.subject == made["payment"]["payment_no"]
    )
    paid = {name: value for name, value in sent.body.items() if value} | {
        "notify_time": "2026-11-23 10:00:00"
    }
    for notify_id in (paid["notify_id"], paid["notify_id"], "another-number"):
        assert await posted(world, signed(world, paid | {"notify_id": notify_id})) == (200, "success")
    assert (await phone.balance())["principal_fen"] == 1000
    assert calls == []


async def test_a_refund_told_to_the_pay_address_is_no_payment(world):
    phone = await world.arrive()
    made = (await phone.top_up("alipay", "precreate", amount_fen=1000)).body
    number = made["payment"]["payment_no"]
    refund = fields_of(
        world, out_trade_no=number, out_biz_no="R1", refund_fee="10.00", gmt_refund="2026-11-23 11:00:00.000"
    )
    for told in (refund, refund | {"notify_id": "2", "gmt_refund": None, "out_biz_no": None}):
        told = {name: value for name, value in told.items() if value is not None}
        assert (await posted(world, signed(world, told)))[0] == 200
    assert (await phone.balance())["balance_fen"] == 0
    assert (await phone.get(f"/top-ups/{made['top_up_no']}")).body["state"] == "pending"
