"""Refunds that die halfway: the button is pressed again (same key), and the clock looks after what is on its way."""

from datetime import timedelta

from billing import card_refunds, refunds, top_ups
from core import clock
from ledger import accounts
from tests import factories
from tests.billing import refunding
from tests.crash.path import OPENED, REFUSED_FEN, STUCK_FEN, Path

CARD = card_refunds.BankCard("ICBC_DEBIT", "6222021234567890123", "林晓")


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


class Requested(RefundTopUp):
    """A customer asks for more than their right; an operator turns one request down and lets another go ahead, at the channel and
    at the counter; the process dies; they press all buttons again."""

    async def before(self):
        made = await super().before()
        clock.set_offset(timedelta(days=8))
        asked = {}
        for what in ("reject", "approve"):
            refund = await refunds.ask_for(
                OPENED, made["customer"], made["top_up"], amount_fen=1_000, reason="", key=f"ask-to-{what}"
            )
            asked[what] = refund.refund_no
        return {**made, **asked}

    async def act(self, made):
        clock.set_offset(timedelta(days=8))
        await refunds.reject(1, made["reject"], key=made["reject"])
        await refunds.approve(OPENED, 1, made["approve"], key=made["approve"])
        out = await refunds.of_top_up(
            OPENED, 1, made["top_up"], amount_fen=500, at_counter=True, reason="r", key=made["top_up"]
        )
        await refunds.paid_out(1, out.refund.refund_no, key=made["top_up"])

    async def again(self, made):
        await self.act(made)
        clock.set_offset(timedelta(days=9))
        await refunds.poll(OPENED)

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        states = sorted(one.state for one in await refunds.page(customer_id=made["customer"]))
        return (balance.principal_fen, states) != (8_500, ["paid", "paid", "rejected"])


class Stuck(RefundTopUp):
    """One refund the channel refused, another it is stuck with; an operator tries the one again, which is refused again, and has the
    other put on the balance; the process dies; they press both buttons again."""

    async def before(self):
        made = await super().before()
        asked = {}
        for amount_fen in (REFUSED_FEN, STUCK_FEN):
            refund = await refunds.ask_for(
                OPENED,
                made["customer"],
                made["top_up"],
                amount_fen=amount_fen,
                reason="",
                key=f"ask-for-{amount_fen}",
            )
            asked[str(amount_fen)] = refund.refund_no
        return {**made, **asked}

    async def act(self, made):
        failed, stuck = made[str(REFUSED_FEN)], made[str(STUCK_FEN)]
        await refunds.retry(OPENED, 1, failed, key=failed)
        await refunds.to_balance(1, stuck, key=stuck)

    async def wrong(self, made):
        states = sorted(one.state for one in await refunds.page(customer_id=made["customer"]))
        return (await factories.balance(made["customer"]), states) != ((10_000, 1_000), ["failed"] * 3)


class StuckPaidOut(Stuck):
    """What a channel is stuck with is paid out at the counter instead."""

    async def act(self, made):
        stuck = made[str(STUCK_FEN)]
        await refunds.to_counter(1, stuck, key=f"{stuck}-1")
        await refunds.paid_out(1, stuck, key=f"{stuck}-2")

    async def wrong(self, made):
        found = await refunds.get(made[str(STUCK_FEN)])
        return (found.state, found.parts[0].tender) != ("paid", "counter")


class StuckToCard(Stuck):
    """What a channel is stuck with is sent to another card; what did not get through is stuck again, and sent once more."""

    async def act(self, made):
        stuck = made[str(STUCK_FEN)]
        await card_refunds.to_card(OPENED, 1, stuck, CARD, key=f"{stuck}-1")

    async def again(self, made):
        await self.act(made)
        clock.set_offset(timedelta(minutes=10))
        await refunds.poll(OPENED)
        stuck = made[str(STUCK_FEN)]
        if (await refunds.get(stuck)).parts[0].state == "abnormal":
            await card_refunds.to_card(OPENED, 1, stuck, CARD, key=f"{stuck}-2")

    async def wrong(self, made):
        return (await refunds.get(made[str(STUCK_FEN)])).state != "paid"


PATHS = {
    "refund_stuck_to_card": StuckToCard,
    "refund_requested": Requested,
    "refund_stuck": Stuck,
    "refund_stuck_paid_out": StuckPaidOut,
    "refund_bill": RefundBill,
    "refund_top_up": RefundTopUp,
    "refund_refused": RefundRefused,
}
