"""Certificate mode: numbers, trust in answers and notifications, and following Alipay when it changes its certificate."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from datetime import timedelta
from pathlib import Path

import alipay as sdk
import pytest
from gateway_peers import a_refund, alipay_settings, an_order, private_pem
from gateway_worlds import NO, World, alipay_settings_of, pairs_of

from core import clock
from gateways import alipay
from gateways.alipay import certificates
from gateways.alipay.trust import Keyring
from gateways.channel import BadNotification, ResultUnknown

pytestmark = pytest.mark.filterwarnings("ignore:X509.get_issuer:DeprecationWarning")  # the SDK's own

ROOT = json.loads((Path(__file__).parents[1] / "vectors" / "alipay_root_certificate.json").read_text())


def certificate_settings_of(world: World, **changes) -> alipay.Settings:
    given = world.sandbox.alipay.certificates
    return dataclasses.replace(
        alipay_settings_of(world),
        **{
            "alipay_public_key": None,
            "app_certificate_pem": given.app_pem,
            "alipay_certificate_pem": given.alipay_pem,
            "root_certificate_pem": given.root_pem,
            **changes,
        },
    )


@pytest.fixture
async def ali(world):
    async with alipay.Alipay(certificate_settings_of(world)) as client:
        yield client


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_the_number_of_alipays_root_file_is_the_published_one(ends):
    pem = ROOT["pem"].replace("\r\n", "\n").replace("\n", ends)
    assert certificates.root_number(certificates.read(pem)) == ROOT["root_sn"]
    assert certificates.root_number(certificates.read(pem.replace(ends * 2, ends))) == ROOT["root_sn"]


async def test_numbers_are_those_of_the_sdk(world):
    given = world.sandbox.alipay.certificates
    ring = Keyring(certificate_settings_of(world))
    assert ring.app_number == sdk.DCAliPay.get_cert_sn(given.app_pem)
    assert ring.root_number == sdk.DCAliPay.get_root_cert_sn(given.root_pem)


@pytest.mark.parametrize(
    "changes",
    [
        {"alipay_public_key": None},
        {"app_certificate_pem": "x"},
        {"app_certificate_pem": "x", "alipay_certificate_pem": "x", "root_certificate_pem": "x"},
    ],
)
def test_settings_are_of_one_mode(changes):
    with pytest.raises(ValueError, match=r"key|together"):
        alipay_settings(**changes)


async def test_files_that_do_not_fit_are_told_at_the_start(world):
    given = world.sandbox.alipay.certificates
    for wrong in (
        {"private_key": private_pem("another app")},
        {"app_certificate_pem": "no certificate"},
        {"root_certificate_pem": given.root_pem.split("\n\n")[0]},  # signed with a curve only
    ):
        with pytest.raises(ValueError, match="certificate"):
            alipay.Alipay(certificate_settings_of(world, **wrong))


# ── in use ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_payment_in_certificate_mode(world, ali):
    order = an_order(expires_at=world.expires_at)
    prepared = await ali.prepare("precreate", order)
    await world.pay("alipay/scan", prepared.client)
    assert (await ali.query(NO)).state == "paid"
    assert ali.read_notification(pairs_of((await world.told(1))[0]), clock.now()).trade.amount_fen == 20000
    assert (await ali.refund(a_refund())).state == "paid_back"
    page = await ali.prepare("wap", an_order(out_trade_no="T2", expires_at=world.expires_at))
    status, _ = await world.phone(f"people/{world.person.id}/alipay/open", page.client)
    assert (status, (await ali.query("T2")).state) == (201, "waiting")


async def test_an_answer_in_key_mode_is_not_believed(world, ali):
    """What names no certificate could be signed with anything."""
    world.fault("alipay.query", "unsigned_error")
    with pytest.raises(ResultUnknown, match=r"not signed: 20000 isp\.unknow-error"):
        await ali.query(NO)


async def test_alipays_next_certificate_is_learnt_by_asking(world, ali):
    prepared = await ali.prepare("precreate", an_order(expires_at=world.expires_at))
    world.sandbox.alipay.certificates.rotate()
    await world.pay("alipay/scan", prepared.client)
    notice = pairs_of((await world.told(1))[0])
    with pytest.raises(BadNotification):  # a notification makes no call, whoever signed it
        ali.read_notification(notice, clock.now())
    assert (await ali.query(NO)).state == "paid"
    assert ali.read_notification(notice, clock.now()).trade.state == "paid"


async def test_a_notification_nobody_can_verify_makes_the_process_ask_once(world, ali):
    prepared = await ali.prepare("precreate", an_order(expires_at=world.expires_at))
    world.sandbox.alipay.certificates.rotate()
    await world.pay("alipay/scan", prepared.client)
    notice = pairs_of((await world.told(1))[0])
    keeping = asyncio.create_task(ali.keep_certificates())
    with pytest.raises(BadNotification):
        ali.read_notification(notice, clock.now())
    async with asyncio.timeout(60):
        while len(list(ali._calls.keyring.all())) < 2:
            await asyncio.sleep(0.01)
    assert ali.read_notification(notice, clock.now()).trade.state == "paid"
    asked = []
    ali._calls.ask = lambda *what: asked.append(what)
    forged = [(name, "x" if name == "sign" else value) for name, value in notice]
    for _ in range(20):
        with pytest.raises(BadNotification):
            ali.read_notification(forged, clock.now())
    await asyncio.sleep(0.05)
    assert asked == []  # five minutes are not over
    keeping.cancel()


async def test_who_hangs_up_while_a_certificate_is_learnt_keeps_nobody_from_learning_it(world):
    world.sandbox.alipay.certificates.rotate()
    world.fault("alipay.certificate", "delay", seconds=60)
    async with alipay.Alipay(certificate_settings_of(world, total_timeout_s=20.0)) as client:
        asking = asyncio.create_task(client.query(NO))
        async with asyncio.timeout(10):
            while not world.sandbox.world.faults.rules()[0]["hits"]:
                await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert (await client.query(NO)).state == "missing"


async def test_what_cannot_be_learnt_is_asked_for_once_in_five_minutes(world, ali):
    asked = []
    ali._calls.keyring.add = lambda pem, number, now: asked.append(number) or _refuse()
    world.sandbox.alipay.certificates.rotate()
    for _ in range(3):
        with pytest.raises(ResultUnknown, match="unknown certificate"):
            await ali.query(NO)
    assert len(asked) == 1


def _refuse():
    raise ValueError("no")


async def test_only_alipays_own_certificates_are_taken(world):
    given = world.sandbox.alipay.certificates
    ring, number = Keyring(certificate_settings_of(world)), given.alipay_sn
    given.rotate()
    new, new_number = given.download(given.alipay_sn), given.alipay_sn
    with pytest.raises(ValueError, match="another certificate"):
        ring.add(new, number, clock.now())
    with pytest.raises(ValueError, match="another owner"):  # a merchant's, of the same authority
        ring.add(given.app_pem, given.app_sn, clock.now())
    with pytest.raises(ValueError, match="does not lead"):
        ring.add(new.split("\n-----BEGIN")[0] + "\n", new_number, clock.now())  # its issuer is missing
    with pytest.raises(ValueError, match="does not lead"):
        ring.add(new, new_number, clock.now() + timedelta(days=3650))
    stranger = await _another_chain()
    with pytest.raises(ValueError, match="does not lead"):
        ring.add(stranger.alipay_pem, stranger.alipay_sn, clock.now())
    assert ring.key(new_number) is None
    ring.add(new, new_number, clock.now())
    assert ring.key(new_number) is not None and ring.key(number) is not None
    assert ring.key(None) is None and len(list(ring.all())) == 2


async def _another_chain():
    """Certificates with the same names under a root of somebody else's."""
    from types import SimpleNamespace

    from sandbox import keys
    from sandbox.alipay.certificates import _made, number

    made = _made(keys.public_pem(keys.new_private_key().public_key()), "2088", private_pem("stranger"))
    return SimpleNamespace(alipay_pem=made.alipay[0][1], alipay_sn=number(made.alipay[0][1]))
