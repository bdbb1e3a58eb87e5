"""Payments partly through a channel that die halfway."""

from billing import (
    combined,
    payments,
)
from ledger import accounts
from shop import channel_payments, orders
from tests import factories
from tests.crash.path import OPENED, Path


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


PATHS = {
    "start_combined": StartCombined,
    "confirm_combined": ConfirmCombined,
    "close_combined": CloseCombined,
}
