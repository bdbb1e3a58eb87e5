"""A channel with books of its own for tests of reconciliation, and days of ours for it."""

import secrets
from datetime import datetime, timedelta

from billing import channels, payments, refunds
from core import clock, db
from gateways import channel as at_channel
from gateways import reading
from reconciliation import bill_imports, comparing, days
from tests import factories
from tests.billing import refunding
from tests.gateways.bill_files import DAY, Row, alipay, wechat

NEXT_MORNING = datetime(DAY.year, DAY.month, DAY.day, 11, tzinfo=reading.BEIJING) + timedelta(days=1)
MERCHANTS = {"wechat_pay": factories.MERCHANT_ID, "alipay": "2088000000000000"}


class BookKeeper(factories.QuietChannel):
    """A channel that knows what it was told: ``trades`` by our number, ``refunds`` by ours, ``bills`` and ``funds`` by day (bytes)."""

    def __init__(self, name="wechat_pay"):
        super().__init__(name)
        self.trades, self.refunded, self.bills, self.funds, self.asked = {}, {}, {}, {}, []

    async def query(self, out_trade_no):
        self.asked.append(out_trade_no)
        found = self.trades.get(out_trade_no)
        if isinstance(found, Exception):
            raise found
        return found or at_channel.ChannelTrade(
            self.name,
            out_trade_no,
            None,
            "missing",
            0,
            "CNY",
            factories.APP_ID,
            factories.MERCHANT_ID,
            None,
            None,
        )

    async def close(self, out_trade_no):
        pass

    async def query_refund(self, *, out_trade_no, out_refund_no):
        self.asked.append(out_refund_no)
        return self.refunded.get(out_refund_no) or at_channel.ChannelRefund(
            out_refund_no, None, "missing", None
        )

    async def fetch_bill(self, day, into, *, kind="trades", max_bytes):
        found = (self.funds if kind == "funds" else self.bills).get(day)
        if isinstance(found, Exception):
            raise found
        if found is None:
            raise at_channel.BillNotReady(day)
        if len(found) > max_bytes:
            raise at_channel.ChannelRefused("bill_too_large", "")
        path = into / "bill"
        path.write_bytes(found)
        return at_channel.BillFile(self.name, kind, day, path, len(found))

    def opened(self):
        return channels.Channels(
            {self.name: channels.OpenChannel(self, factories.APP_ID, MERCHANTS[self.name])}
        )


def at(hour=12, minute=0, second=0, *, day=DAY):
    """An instant of the day, in Beijing."""
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=reading.BEIJING)


def move_to(instant):
    """Our clock stands there from now on."""
    clock.set_offset(clock.offset() + (instant - clock.now()))


async def paid(amount_fen, *, when=None, channel="wechat_pay", told=True):
    """A top-up paid at the channel; ``told``: we have heard of it. Returns its trade."""
    when = when or at()
    move_to(when - timedelta(minutes=1))
    customer = await factories.customer(named=True)
    started = await factories.top_up(customer.id, amount_fen, channel=channel)
    move_to(when)
    trade = factories.trade(started, paid_at=when)
    if told:
        assert await payments.confirm(trade) == "credited"
    return trade


async def refunded(trade, amount_fen, *, when=None, told=True):
    """Part of a paid top-up goes back. Returns the part's number."""
    move_to(when or at(15))
    row = await db.fetchrow(
        "SELECT customer_id, purpose_no FROM payment WHERE payment_no = $1", trade.out_trade_no
    )
    asked = await refunds.ask_for(
        factories.open_channels(), row["customer_id"], row["purpose_no"], amount_fen=amount_fen, reason="", key=secrets.token_hex(8),
    )  # fmt: skip
    (part,) = asked.parts
    if told:
        found = at_channel.ChannelRefund(part.part_no, f"50{part.part_no}", "paid_back", amount_fen)
        assert await refunds.settle(trade.channel, found) == "paid_back"
    return part.part_no


def row(trade, **changes):
    """The bill's row of a trade."""
    values = {
        "payment_no": trade.out_trade_no,
        "amount_fen": trade.amount_fen,
        "trade_no": trade.channel_trade_no,
        "at": f"{trade.paid_at.astimezone(reading.BEIJING):%Y-%m-%d %H:%M:%S}",
    }
    return Row(**{**values, **changes})


def bill(rows, channel="wechat_pay", **how):
    return wechat(rows, **how) if channel == "wechat_pay" else alipay(rows, **how)


async def take(keeper, content, path, *, day=DAY, by="operator:1", because=None):
    """Brings a bill by hand."""
    file = path / "bill"
    file.write_bytes(content)
    given = bill_imports.Given(file, by, because)
    return await bill_imports.take(keeper.opened(), keeper.name, day, given)


async def compared(keeper, content, path, *, day=DAY, **how):
    """Brings a bill and compares the day. Returns it."""
    if clock.now() < days.start_of(day + timedelta(days=1)):
        move_to(NEXT_MORNING + (day - DAY))
    taken = await take(keeper, content, path, day=day, **how)
    await comparing.compare(taken.day.id)
    return await days.get(keeper.name, day)


async def found(*columns, **where):
    """Differences as rows, in the order they were found."""
    names = ", ".join(columns or ("kind", "subject", "state", "at_stake_fen"))
    conditions = " AND ".join(f"{name} = ${n}" for n, name in enumerate(where, 1)) or "true"
    return [
        tuple(one)
        for one in await db.fetch(
            f"SELECT {names} FROM difference WHERE {conditions} ORDER BY id", *where.values()
        )
    ]


__all__ = ["DAY", "NEXT_MORNING", "Row", "refunding"]
