"""Shipping reports: every payment made in the mini-program is told of once, also when the platform is late, away or says no."""

import asyncio
from datetime import timedelta

import pytest

from billing import payments, shipping, staff_alerts, top_ups
from core import clock
from core import db as database
from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from gateways.wechat.shipping import NOT_VISIBLE_YET
from tests import factories


class Platform:
    """Takes reports unless ``answers`` says otherwise, one after the other."""

    def __init__(self, *answers, managed=True):
        self.answers, self.managed, self.told = list(answers), managed, []

    async def is_managed(self):
        if isinstance(self.managed, Exception):
            raise self.managed
        return self.managed

    async def report(self, shipment):
        self.told.append(shipment)
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer


async def paid_in_mini_program(amount_fen=20_000, method="jsapi"):
    """The number of a top-up's payment."""
    customer = await factories.customer(named=True)
    started = await top_ups.start(
        factories.open_channels(), customer.id, package_id=None, amount_fen=amount_fen, channel="wechat_pay", method=method,
        payer="oM-1", key=factories.key(),
    )  # fmt: skip
    await payments.confirm(factories.trade(started, payer="oM-1" if method == "jsapi" else None))
    return started.payment.payment_no


async def collect():
    return await shipping.collect(factories.APP_ID, orders="pick_up")


async def due_again():
    await database.execute("UPDATE shipping_report SET next_at = $1 WHERE next_at IS NOT NULL", clock.now())


async def test_payments_in_the_mini_program_are_reported_once(db):
    number = await paid_in_mini_program()
    await paid_in_mini_program(method="native")
    assert [await collect() for _ in range(2)] == [1, 0]
    platform = Platform()
    assert [await shipping.upload(platform) for _ in range(2)] == [1, 0]
    (shipment,) = platform.told
    assert (shipment.transaction_id, shipment.payer, shipment.item, shipment.how) == (
        f"42{number}", "oM-1", "账户充值 200.00 元", "virtual",
    )  # fmt: skip
    report = await shipping.get(number)
    assert (report.state, report.uploads) == ("done", 1)


async def test_orders_are_picked_up_or_sent_by_express(db):
    customer = await factories.customer(principal=10_000, named=True)
    order = await factories.order(customer.id, 1_500)
    started = await factories.combined_payment(order, 0)
    await database.execute(
        "UPDATE payment SET method = 'jsapi', payer = 'oM-1' WHERE payment_no = $1", started.payment_no
    )
    await payments.confirm(factories.trade(started, payer="oM-1"))
    await collect()
    platform, number = Platform(), started.payment_no
    await shipping.upload(platform)
    assert platform.told[0].how == "pick_up"
    key = factories.key()
    for _ in range(2):
        await shipping.express(1, number, company="SF", tracking_no="SF1234567", key=key)
    await shipping.upload(platform)
    assert (platform.told[1].how, platform.told[1].tracking_no) == ("express", "SF1234567")
    assert (await shipping.get(number)).uploads == 2
    with pytest.raises(shipping.ShippingReportForbids):
        await shipping.express(1, number, company="YTO", tracking_no="YT1234567", key=factories.key())
    with pytest.raises(shipping.NoSuchShippingReport):
        await shipping.express(1, "P0", company="YTO", tracking_no="YT1234567", key=factories.key())


async def test_what_is_not_managed_needs_no_report(db):
    number = await paid_in_mini_program()
    await collect()
    platform = Platform(managed=False)
    assert await shipping.upload(platform) == 1
    assert platform.told == [] and (await shipping.get(number)).state == "needless"
    with pytest.raises(shipping.ShippingReportForbids):
        await shipping.retry(1, number, key=factories.key())


async def test_a_payment_that_is_not_visible_yet_and_a_platform_that_is_away_are_tried_again(db):
    number = await paid_in_mini_program()
    await collect()
    platform = Platform(
        PlatformRefused(NOT_VISIBLE_YET, "支付单不存在"),
        PlatformUnknown("gone"),
        managed=PlatformUnknown("gone"),
    )
    assert await shipping.upload(platform) == 0
    platform.managed = True
    for attempts_made in (1, 1):
        await due_again()
        assert await shipping.upload(platform) == 0
        assert (await shipping.get(number)).attempts == attempts_made
    await due_again()
    assert await shipping.upload(platform) == 1


async def test_what_is_refused_for_half_a_day_is_given_up_and_an_operator_tries_again(db):
    number = await paid_in_mini_program()
    await collect()
    platform = Platform(*[PlatformRefused(10060004, "no")] * shipping.MOST_ATTEMPTS)
    for _ in range(shipping.MOST_ATTEMPTS):
        await due_again()
        await shipping.upload(platform)
    assert (await shipping.get(number)).state == "given_up"
    (alert,) = await staff_alerts.page(is_open=True)
    assert (alert.kind, alert.params["payment_no"]) == ("shipping_given_up", number)
    assert number in alert.text("zh-CN")
    await shipping.retry(1, number, key=factories.key())
    assert await staff_alerts.page(is_open=True) == []
    assert await shipping.upload(platform) == 1


async def test_two_workers_do_not_tell_the_same(db):
    for _ in range(3):
        await paid_in_mini_program()
    made = await asyncio.gather(*(collect() for _ in range(3)))
    assert sum(made) == 3
    platform = Platform()
    done = await asyncio.gather(*(shipping.upload(platform) for _ in range(3)))
    assert sum(done) == 3 == len({one.transaction_id for one in platform.told}) == len(platform.told)


async def test_payments_of_long_ago_are_left_alone_and_late_ones_found(db):
    old = await paid_in_mini_program()
    await database.execute(
        "UPDATE payment SET ended_at = $2 WHERE payment_no = $1", old, clock.now() - timedelta(days=40)
    )
    assert await collect() == 0
    await paid_in_mini_program()
    late = await paid_in_mini_program()
    await database.execute(
        "UPDATE payment SET ended_at = $2 WHERE payment_no = $1", late, clock.now() - timedelta(minutes=30)
    )
    assert await collect() == 2
