"""What money paths have in common: a customer, a channel that remembers, and the questions a path answers."""

import pathlib
from abc import ABC, abstractmethod
from collections import Counter

from billing import channels
from core import db
from gateways import channel as at_channel
from tests import factories
from tests.crash.killing import WATCH

REFUSED_FEN, STUCK_FEN = 7, 9
"""Refunds of so much the channel refuses, and is stuck with."""


class RememberingChannel(factories.QuietChannel):
    """Pays refunds back, once a number, and closes what nobody paid; what it was told it remembers though our processes die."""

    home: pathlib.Path
    """Set by the driver, for each path another."""

    async def refund(self, order):
        self._note("refunds", order.out_refund_no, order.amount_fen)
        return self._refund(order.out_refund_no)

    async def query_refund(self, *, out_trade_no, out_refund_no):
        return self._refund(out_refund_no)

    async def query(self, out_trade_no):
        paid, closed = self._noted("paid"), self._noted("closed")
        state = "paid" if out_trade_no in paid else "closed" if out_trade_no in closed else "waiting"
        return at_channel.ChannelTrade(
            self.name, out_trade_no, f"42{out_trade_no}" if state == "paid" else None, state, int(paid.get(out_trade_no, 0)),
            "CNY", factories.APP_ID, factories.MERCHANT_ID, None, None,
        )  # fmt: skip

    async def close(self, out_trade_no):
        if out_trade_no in self._noted("paid"):
            raise at_channel.AlreadyPaid("ORDERPAID")
        self._note("closed", out_trade_no, 0)

    async def fetch_bill(self, day, into, *, kind="trades", max_bytes):
        file = self.home / (f"bill-{day}" if kind == "trades" else f"{kind}-{day}")
        if not file.exists():
            raise at_channel.BillNotReady(day)
        path = into / "bill"
        path.write_bytes(file.read_bytes())
        return at_channel.BillFile(self.name, kind, day, path, path.stat().st_size)

    def makes_bill(self, day, content):
        """Its bill of the day, from now on."""
        (self.home / f"bill-{day}").write_bytes(content)

    async def apply_abnormal_refund(self, *, out_refund_no, channel_refund_no, to):
        self._note("to_card", out_refund_no, 1)
        return self._refund(out_refund_no)

    def pays(self, payment):
        """Somebody pays this at the channel, which tells us when it is asked."""
        self._note("paid", payment.payment_no, payment.amount_fen)

    def _note(self, what, number, amount_fen):
        with (self.home / what).open("a") as notes:
            notes.write(f"{number} {amount_fen}\n")

    def _noted(self, what):
        file = self.home / what
        return dict(line.split() for line in file.read_text().splitlines()) if file.exists() else {}

    def _refund(self, number):
        amount = self._noted("refunds").get(number)
        special = {None: "missing", str(REFUSED_FEN): "closed", str(STUCK_FEN): "abnormal"}
        state = "paid_back" if number in self._noted("to_card") else special.get(amount, "paid_back")
        return at_channel.ChannelRefund(number, None if state == "missing" else f"50{number}", state, None)


class Channel(RememberingChannel):
    """A call of it is a step."""

    prepare = WATCH.wrap(factories.QuietChannel.prepare)
    refund = WATCH.wrap(RememberingChannel.refund)
    query_refund = WATCH.wrap(RememberingChannel.query_refund)
    apply_abnormal_refund = WATCH.wrap(RememberingChannel.apply_abnormal_refund)
    query = WATCH.wrap(RememberingChannel.query)
    close = WATCH.wrap(RememberingChannel.close)
    fetch_bill = WATCH.wrap(RememberingChannel.fetch_bill)


CHANNEL = Channel()
OPENED = channels.Channels(
    {"wechat_pay": channels.OpenChannel(CHANNEL, factories.APP_ID, factories.MERCHANT_ID)}
)


class Path(ABC):
    """What is set up before, done (and killed), done again by the restarted shop, and true in the end."""

    async def before(self):
        self.customer = await factories.customer(principal=10_000, bonus=1_000, threshold_fen=9_500)
        return {"customer": self.customer.id}

    @abstractmethod
    async def act(self, made):
        """What is killed halfway."""

    async def again(self, made):
        await self.act(made)

    @abstractmethod
    async def wrong(self, made):
        """What is not as it must be; None where all is well."""

    async def told(self, made):
        rows = await db.fetch("SELECT kind FROM outbox_message WHERE customer_id = $1", made["customer"])
        return Counter(row[0] for row in rows)
