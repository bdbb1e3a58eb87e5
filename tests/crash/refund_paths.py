"""Refunds that die halfway: the button is pressed again (same key), and the clock looks after what is on its way."""

from datetime import timedelta

from billing import refunds, top_ups
from core import clock
from ledger import accounts
from tests.billing import refunding
from tests.crash.path import OPENED, REFUSED_FEN, Path


class RefundBill(Path):
    """An operator refunds a bill that was paid with balance and channel; the process dies; they press the button again, and the
    clock looks after what is on its way."""

    async def before(self):
        made = await super().before()
        return {**made, "bill": await refunding.paid_by_channel(made["customer"], 1_000, balance_fen=400)}

    async def act(self, made):
        await refunds.of_bill(
            OPENED, 1, made["bill"], amount_fen=800, reason="退一部分", key=f"refund-{made['bill']}"
        )

    async def again(self, made):
        await self.act(made)
        clock.set_offset(timedelta(minutes=10))
        await refunds.poll(OPENED)

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        states = [one.state for one in await refunds.page(customer_id=made["customer"])]
        heard = await self.told(made)
        return (
            balance.balance_fen, await refunding.parts(made["bill"]), states, heard["refunded"], heard["refund_paid"],
        ) != (10_800, [("balance", 400, 200, 0), ("wechat_pay", 600, 600, 0)], ["paid"], 1, 1)  # fmt: skip


class RefundTopUp(RefundBill):
    """A customer wants a top-up back; the process dies; they ask again, and the clock goes on."""

    amount_fen, state, left_fen, told_of = 2_000, "paid", 8_000, "top_up_refund_paid"

    async def before(self):
        made = await Path.before(self)
        (top_up,) = await top_ups.page(made["customer"])
        return {**made, "top_up": top_up.top_up_no}

    async def act(self, made):
        await refunds.ask_for(
            OPENED,
            made["customer"],
            made["top_up"],
            amount_fen=self.amount_fen,
            reason="",
            key="refund-it-1",
        )

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        states = [one.state for one in await refunds.page(customer_id=made["customer"])]
        return (balance.principal_fen, states, (await self.told(made))[self.told_of]) != (
            self.left_fen, [self.state], 1,
        )  # fmt: skip


class RefundRefused(RefundTopUp):
    """The same, and the channel will not: all of it returns to where it was."""

    amount_fen, state, left_fen, told_of = REFUSED_FEN, "failed", 10_000, "top_up_refund_failed"


PATHS = {"refund_bill": RefundBill, "refund_top_up": RefundTopUp, "refund_refused": RefundRefused}
