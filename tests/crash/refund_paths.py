"""Refunds that die halfway: the button is pressed again (same key), and the clock looks after what is on its way."""

import pathlib
import tempfile
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

from billing import refunds, top_ups
from core import clock, db
from gateways import channel as at_channel
from ledger import accounts
from tests import factories
from tests.billing import refunding

REFUSED_FEN = 7
"""A refund of so much the channel refuses."""

at = SimpleNamespace(channels=None)
"""What the driver opens: its channel counts as a step too."""


class RememberingChannel(factories.QuietChannel):
    """Pays refunds back, once a number; what it was sent it remembers though our processes die."""

    sent = pathlib.Path(tempfile.mkdtemp(prefix="yucun-crash-")) / "refunds"

    async def refund(self, order):
        with self.sent.open("a") as numbers:
            numbers.write(f"{order.out_refund_no} {order.amount_fen}\n")
        return self._known(order.out_refund_no)

    async def query_refund(self, *, out_trade_no, out_refund_no):
        return self._known(out_refund_no)

    def _known(self, number):
        lines = self.sent.read_text().splitlines() if self.sent.exists() else []
        amounts = {name: int(fen) for name, fen in (line.split() for line in lines)}
        state = (
            "missing"
            if number not in amounts
            else "closed"
            if amounts[number] == REFUSED_FEN
            else "paid_back"
        )
        return at_channel.ChannelRefund(number, None, state, None)


async def a_customer():
    customer = await factories.customer(principal=10_000, bonus=1_000, threshold_fen=9_500)
    return {"customer": customer.id}


async def told(made):
    rows = await db.fetch("SELECT kind FROM outbox_message WHERE customer_id = $1", made["customer"])
    return Counter(row[0] for row in rows)


class RefundBill:
    """An operator refunds a bill that was paid with balance and channel; the process dies; they press the button again, and the
    clock looks after what is on its way."""

    async def before(self):
        made = await a_customer()
        return {**made, "bill": await refunding.paid_by_channel(made["customer"], 1_000, balance_fen=400)}

    async def act(self, made):
        await refunds.of_bill(
            at.channels, 1, made["bill"], amount_fen=800, reason="退一部分", key=f"refund-{made['bill']}"
        )

    async def again(self, made):
        await self.act(made)
        clock.set_offset(timedelta(minutes=10))
        await refunds.poll(at.channels)

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        states = [one.state for one in await refunds.page(customer_id=made["customer"])]
        heard = await told(made)
        return (
            balance.balance_fen, await refunding.parts(made["bill"]), states, heard["refunded"], heard["refund_paid"],
        ) != (10_800, [("balance", 400, 200, 0), ("wechat_pay", 600, 600, 0)], ["paid"], 1, 1)  # fmt: skip


class RefundTopUp(RefundBill):
    """A customer wants a top-up back; the process dies; they ask again, and the clock goes on."""

    amount_fen, state, left_fen, told_of = 2_000, "paid", 8_000, "top_up_refund_paid"

    async def before(self):
        made = await a_customer()
        (top_up,) = await top_ups.page(made["customer"])
        return {**made, "top_up": top_up.top_up_no}

    async def act(self, made):
        await refunds.ask_for(
            at.channels,
            made["customer"],
            made["top_up"],
            amount_fen=self.amount_fen,
            reason="",
            key="refund-it-1",
        )

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        states = [one.state for one in await refunds.page(customer_id=made["customer"])]
        return (balance.principal_fen, states, (await told(made))[self.told_of]) != (
            self.left_fen, [self.state], 1,
        )  # fmt: skip


class RefundRefused(RefundTopUp):
    """The same, and the channel will not: all of it returns to where it was."""

    amount_fen, state, left_fen, told_of = REFUSED_FEN, "failed", 10_000, "top_up_refund_failed"


PATHS = {"refund_bill": RefundBill, "refund_top_up": RefundTopUp, "refund_refused": RefundRefused}
