"""What a customer is given to pay with: where it works for a short time only it is asked for again under the same number."""

from datetime import timedelta

from billing import channels, combined, payment_methods, payments, top_ups
from core import clock
from core import db as database
from gateways import channel as at_channel
from tests import factories

PLACE = payment_methods.Place("mobile_browser", "203.0.113.7")


class ShortLived(factories.QuietChannel):
    """Gives addresses that work for five minutes, each another."""

    def __init__(self):
        super().__init__()
        self.asked = []

    async def prepare(self, method, order):
        self.asked.append(order)
        return at_channel.Prepared(
            {"h5_url": f"https://h5/{len(self.asked)}"}, None, clock.now() + timedelta(minutes=5)
        )

    async def query(self, out_trade_no):
        return factories.trade_of(await payments.get(out_trade_no), state="waiting", channel_trade_no=None)

    async def close(self, out_trade_no):
        pass


def opened(channel):
    return channels.Channels(
        {"wechat_pay": channels.OpenChannel(channel, factories.APP_ID, factories.MERCHANT_ID)}
    )


async def start(channel, customer):
    return await top_ups.start(
        opened(channel), customer.id, package_id=None, amount_fen=700, channel="wechat_pay", method="h5", key="the-same-key",
        place=PLACE,
    )  # fmt: skip


async def test_an_answer_that_is_repeated_later_is_one_that_works(db):
    customer, channel = await factories.customer(), ShortLived()
    first = await start(channel, customer)
    assert (await start(channel, customer)).payment.client == first.payment.client, "it works still"
    clock.set_offset(timedelta(minutes=6))
    again = await start(channel, customer)
    assert again.payment.client == {"h5_url": "https://h5/2"}
    assert channel.asked[0] == channel.asked[1], "the same number, and the same values"
    assert again.payment.expires_at == first.payment.expires_at


async def test_checking_gives_an_address_that_works(db):
    customer, channel = await factories.customer(principal=100), ShortLived()
    top_up = await start(channel, customer)
    bill_no = await factories.bill(customer.id, 900)
    wanted = combined.Wanted(0, "wechat_pay", "h5", place=PLACE)
    bill = await combined.start(opened(channel), customer.id, bill_no, wanted, key=factories.key())
    clock.set_offset(timedelta(minutes=6))
    checked = await top_ups.check(opened(channel), customer.id, top_up.top_up_no)
    assert checked.payment.client == {"h5_url": "https://h5/3"}
    found = await combined.check(opened(channel), customer.id, bill.combined_no)
    assert found.payment.client == {"h5_url": "https://h5/4"}


async def test_what_is_over_or_paid_is_not_asked_for_again(db):
    customer, channel = await factories.customer(), ShortLived()
    started = await start(channel, customer)
    clock.set_offset(timedelta(minutes=31))
    assert (await start(channel, customer)).payment.client == started.payment.client
    await payments.confirm(factories.trade(started))
    await start(channel, customer)
    assert len(channel.asked) == 1


async def test_payments_at_a_channel_that_was_switched_off_are_asked_about_now_and_then_and_told_once(db):
    customer, channel = await factories.customer(), ShortLived()
    await start(channel, customer)
    other = await factories.top_up(customer.id, 300)
    for hours in (1, 2, 13, 14):
        clock.set_offset(timedelta(hours=hours))
        await payments.poll(channels.Channels({}))
    told = await database.fetch("SELECT kind, params ->> 'channel', resolved_at FROM staff_alert")
    assert [tuple(row) for row in told] == [("payments_channel_off", "wechat_pay", None)]
    asked = await database.fetch("SELECT ask_at, state FROM payment")
    assert {row["state"] for row in asked} == {"prepared"}
    assert min(row["ask_at"] for row in asked) > clock.now() + timedelta(hours=4), "not every minute"
    await payments.poll(opened(channel))
    assert await database.fetchval("SELECT count(*) FROM staff_alert WHERE resolved_at IS NULL") == 0
    assert {row[0] for row in await database.fetch("SELECT state FROM payment")} == {"prepared"}
    assert await payments.confirm(factories.trade(other)) == "credited"
