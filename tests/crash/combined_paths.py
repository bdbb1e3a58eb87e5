"""Payments partly through a channel that die halfway."""

from billing import bills, combined, payments
from ledger import accounts
from shop import channel_payments, orders
from tests import factories
from tests.crash.path import CHANNEL, OPENED, Path


class StartCombined(Path):
    """An order is being paid from the balance and through a channel; the process dies; they press the button again; it is paid."""

    async def before(self):
        made = await super().before()
        sku = await factories.sku(12_000)
        order = await orders.place(made["customer"], [orders.Wanted(sku.id, 1)], key="place-it-1")
        return {**made, "order": order.order_no}

    async def act(self, made):
        return await channel_payments.start(
            OPENED,
            made["customer"],
            made["order"],
            combined.Wanted(None, "wechat_pay", "native", None),
            key="the-one-key",
        )

    async def again(self, made):
        await payments.confirm(factories.trade(await self.act(made)))

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        order = await orders.get(made["customer"], made["order"])
        told = await self.told(made)
        return (balance.balance_fen, balance.held_fen, order.state, told["bill_paid"], told["low_balance"]) != (
            0, 0, "paid", 1, 1,
        )  # fmt: skip


class ConfirmCombined(StartCombined):
    """The channel has its share; the process dies; the channel says so again."""

    async def before(self):
        made = await super().before()
        return {**made, "combined": (await StartCombined.act(self, made)).combined_no}

    async def act(self, made):
        await payments.confirm(factories.trade(await combined.get(made["customer"], made["combined"])))

    async def again(self, made):
        await self.act(made)


class CloseCombined(ConfirmCombined):
    """The customer gives up; the process dies; they give up again, and what is free settles what is due."""

    async def before(self):
        made = await super().before()
        await factories.bill(made["customer"], 4_000, automatic=True, consent="x")
        return made

    async def act(self, made):
        payment = await combined.get(made["customer"], made["combined"])
        await payments.confirm(factories.trade(payment, state="closed", channel_trade_no=None))

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        order = await orders.get(made["customer"], made["order"])
        return (balance.balance_fen, balance.held_fen, order.state) != (7_000, 0, "placed")


class PayBill(Path):
    """A bill is paid from the balance and through a channel; the process dies; the button is pressed again, and the channel asked."""

    async def before(self):
        made = await super().before()
        return {**made, "bill": await factories.bill(made["customer"], 12_000)}

    async def act(self, made):
        wanted = combined.Wanted(None, "wechat_pay", "native", None)
        payment = await combined.start(OPENED, made["customer"], made["bill"], wanted, key="the-one-key")
        if payment.state == "open":
            CHANNEL.pays(payment.payment)
        await combined.check(OPENED, made["customer"], payment.combined_no)

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        bill = await bills.get(made["customer"], made["bill"])
        return (balance.balance_fen, balance.held_fen, bill.state) != (0, 0, "paid")


class CancelCombined(PayBill):
    """The customer presses Cancel: closed at the channel, then here; the process dies; they press it again."""

    async def before(self):
        made = await super().before()
        wanted = combined.Wanted(None, "wechat_pay", "native", None)
        payment = await combined.start(OPENED, made["customer"], made["bill"], wanted, key="the-one-key")
        return {**made, "combined": payment.combined_no}

    async def act(self, made):
        await combined.cancel(OPENED, made["customer"], made["combined"])

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        bill = await bills.get(made["customer"], made["bill"])
        payment = await combined.get(made["customer"], made["combined"])
        return (balance.balance_fen, balance.held_fen, bill.state, bill.pending_no, payment.state) != (
            11_000, 0, "open", None, "closed",
        )  # fmt: skip


class LetGo(CancelCombined):
    """Another amount came and was set aside; an operator lets the bill go; the process dies; they press the button again."""

    async def before(self):
        made = await super().before()
        payment = await combined.get(made["customer"], made["combined"])
        assert await payments.confirm(factories.trade(payment, amount_fen=1)) == "quarantined"
        return made

    async def act(self, made):
        await combined.let_go(made["combined"])


PATHS = {
    "pay_bill_combined": PayBill,
    "cancel_combined": CancelCombined,
    "let_go": LetGo,
    "start_combined": StartCombined,
    "confirm_combined": ConfirmCombined,
    "close_combined": CloseCombined,
}
