"""Shipping reports: every payment made in the mini-program is told of once, also when the platform is late, away or says no."""

import asyncio
from datetime import timedelta

import pytest

from billing import payments, refunds, shipping, staff_alerts, top_ups
from core import clock
from core import db as database
from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from gateways.wechat.shipping import NOT_VISIBLE_YET
from members import addresses
from shop import deliveries, order_review, orders, placing, shipments
from tests import factories

BOSS = order_review.By(1)


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
    assert (platform.told[1].how, platform.told[1].parcels[0].tracking_no) == ("express", "SF1234567")
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


# parcels of orders


class Sent:
    """Three of one thing, sent to an address, paid through the mini-program."""

    async def opened(self):
        self.customer = (await factories.customer(named=True)).id
        where = addresses.Where(
            "李小雨", "13800138000", "330106", "浙江省", "杭州市", "西湖区", "龙井路 1 号"
        )
        kept = await addresses.add(self.customer, where, is_default=True, key=factories.key())
        self.sku = (await factories.sku(1_000)).id
        how = placing.How(address_id=kept.id)
        self.order = await orders.place(self.customer, [orders.Wanted(self.sku, 3)], how, key=factories.key())
        started = await factories.combined_payment(self.order, 0)
        self.number = started.payment_no
        await database.execute(
            "UPDATE payment SET method = 'jsapi', payer = 'oM-1' WHERE payment_no = $1", self.number
        )
        await payments.confirm(factories.trade(started, payer="oM-1"))
        return self

    async def ship(self, carrier="顺丰", tracking_no="SF1234567890", quantity=None):
        going = None if quantity is None else {self.sku: quantity}
        parcel = shipments.Parcel(carrier, tracking_no, going)
        await shipments.ship(BOSS, self.order.order_no, parcel, key=factories.key())

    async def told(self):
        await collect()
        await shipping.upload(platform := Platform())
        return platform.told


async def test_an_order_that_is_sent_is_reported_with_all_its_parcels_once_they_have_gone(db):
    one, two = await Sent().opened(), await Sent().opened()
    assert await one.told() == [] and (await shipping.get(one.number)).state == "waiting"
    await one.ship(quantity=1)
    assert await one.told() == [], "two are still to come"
    await one.ship("中通快递", "ZT0000001")
    (said,) = await one.told()
    assert said.how == "express"
    assert [(parcel.express_company, parcel.tracking_no, parcel.phone) for parcel in said.parcels] == [
        ("SF", "SF1234567890", "13800138000"),
        ("ZTO", "ZT0000001", "13800138000"),
    ]
    found = await shipping.get(one.number)
    assert (found.state, found.how, found.express_company, found.uploads) == ("done", "express", "SF", 1)
    await two.ship()
    (said,) = await two.told()
    assert len(said.parcels) == 1 and await two.told() == []


async def test_one_that_is_handed_over_is_picked_up_and_one_that_is_cancelled_is_not_reported(db):
    fetched, over = await Sent().opened(), await Sent().opened()
    await fetched.told()
    await order_review.hand_over(BOSS, fetched.order.order_no, key=factories.key())
    await orders.cancel(over.customer, over.order.order_no)
    (said,) = await fetched.told()
    assert (said.how, said.parcels) == ("pick_up", ())
    assert (await shipping.get(over.number)).state == "needless"


async def test_one_that_went_in_part_and_was_paid_back_is_not_reported(db):
    """The platform takes no delivery of a payment that is refunded."""
    shop = await Sent().opened()
    await shop.ship(quantity=1)
    assert await shop.told() == []
    bill_no = (await orders.get(shop.customer, shop.order.order_no)).bill_no
    await refunds.of_bill(
        factories.open_channels(), 1, bill_no, amount_fen=3_000, reason="断货", key=factories.key()
    )
    await order_review.close(BOSS, shop.order.order_no, key=factories.key())
    assert await shop.told() == [] and (await shipping.get(shop.number)).state == "needless"


async def test_a_carrier_without_a_code_is_for_an_operator_to_enter(db):
    shop = await Sent().opened()
    await shop.ship("邻居顺路", "A-000001")
    assert await shop.told() == [] and (await shipping.get(shop.number)).state == "given_up"
    (alert,) = [one for one in await staff_alerts.page(is_open=True) if one.kind == "shipping_given_up"]
    assert "邻居顺路" in alert.params["why"]
    await shipping.express(1, shop.number, company="OTHER", tracking_no="A-000001", key=factories.key())
    assert [parcel.express_company for parcel in (await shop.told())[0].parcels] == ["OTHER"]


async def test_one_that_is_sent_while_we_look_is_not_left_waiting(db):
    shop = await Sent().opened()

    async def seen_too_early(order_nos):
        found = await deliveries.of(order_nos)
        await shop.ship()
        return found

    shipping.follow(seen_too_early)
    try:
        assert await shop.told() == []
    finally:
        shipping.follow(deliveries.of)
    assert (await shipping.get(shop.number)).state == "due" and len(await shop.told()) == 1
