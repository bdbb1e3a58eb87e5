"""Money that comes in, and orders paid with it, that die halfway."""

import asyncio

from billing import (
    bills,
    credit_limits,
    deduction_rules,
    deductions,
    payments,
    reviews,
    top_ups,
)
from core import db
from ledger import accounts
from shop import orders
from tests import factories
from tests.crash.path import OPENED, Path


class TopUp(Path):
    """A customer starts a top-up; the process dies; they press the button again (same key); the money comes."""

    async def act(self, made):
        started = await top_ups.start(
            OPENED, made["customer"], package_id=None, amount_fen=2_000, channel="wechat_pay", method="native",
            payer=None, key="the-one-key",
        )  # fmt: skip
        await payments.confirm(factories.trade(started))

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        count = await db.fetchval("SELECT count(*) FROM top_up WHERE customer_id = $1", made["customer"])
        return (balance.principal_fen, count, (await self.told(made))["topped_up"]) != (12_000, 2, 2)


class Confirm(Path):
    """The channel's notification credits a top-up and settles an owed bill; the channel sends it again."""

    async def before(self):
        made = await super().before()
        plan = await factories.plan(made["customer"], 12_000)
        await deductions.run_due()
        started = await factories.top_up(made["customer"], 5_000, 500)
        return {**made, "top_up": started.top_up_no, "plan": plan.id}

    async def act(self, made):
        await payments.confirm(factories.trade(await top_ups.get(made["customer"], made["top_up"])))

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        owed = await bills.page(made["customer"], states=bills.OWED)
        told = await self.told(made)
        return (balance.balance_fen, owed, told["topped_up"], told["deducted"], told["low_balance"]) != (
            4_500, [], 2, 1, 1,
        )  # fmt: skip


class PayOrder(Path):
    """A customer pays an order from the balance; the process dies; they press the button again."""

    async def before(self):
        made = await super().before()
        sku = await factories.sku(2_000)
        order = await orders.place(made["customer"], [orders.Wanted(sku.id, 1)], key="place-it-1")
        return {**made, "order": order.order_no, "sku": sku.id}

    async def act(self, made):
        await orders.pay(made["customer"], made["order"], key="pay-it-01")

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        order = await orders.get(made["customer"], made["order"])
        told = await self.told(made)
        return (balance.balance_fen, order.state, told["deducted"], told["low_balance"]) != (
            9_000,
            "paid",
            1,
            1,
        )


class PayAdmitted(PayOrder):
    """The same at the door, where the statement that pays also asks whether they may come in."""

    async def act(self, made):
        await orders.admit_and_pay(made["customer"], made["order"], key="pay-it-01")


class PayOrders(Path):
    """Several customers pay at once, in one statement, one of them in vain; the process dies; all press the button again."""

    at_once = True

    async def before(self):
        sku, made = await factories.sku(2_000), []
        for principal_fen in (10_000, 10_000, 1_000):
            customer = await factories.customer(principal=principal_fen)
            order = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key="place-it-1")
            made.append({"customer": customer.id, "order": order.order_no})
        return {"everybody": made}

    async def act(self, made):
        payments = (orders.pay(one["customer"], one["order"], key="pay-it-01") for one in made["everybody"])
        await asyncio.gather(*payments, return_exceptions=True)

    async def wrong(self, made):
        left = [(await accounts.balance(one["customer"])).balance_fen for one in made["everybody"]]
        told = [(await self.told(one))["deducted"] for one in made["everybody"]]
        return (left, told) != ([8_000, 8_000, 1_000], [1, 1, 0])


class CancelOrder(PayOrder):
    """A paid order is cancelled; the process dies; it is cancelled again."""

    async def before(self):
        made = await super().before()
        await orders.pay(made["customer"], made["order"], key="pay-it-01")
        return made

    async def act(self, made):
        await orders.cancel(made["customer"], made["order"])

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        order = await orders.get(made["customer"], made["order"])
        stock = await db.fetchval("SELECT on_hand - reserved FROM stock WHERE sku_id = $1", made["sku"])
        return (balance.principal_fen, balance.bonus_fen, order.state, stock) != (
            10_000,
            1_000,
            "cancelled",
            100,
        )


class PayOnCredit(Path):
    """An order costs more than the balance; the rest is drawn on credit, and the next top-up pays it back."""

    async def before(self):
        made = await super().before()
        await credit_limits.set_limit(
            1, made["customer"], limit_fen=5_000, automatic_only=False, reason="r", assessed=False, key=f"limit-{made['customer']}",
        )  # fmt: skip
        sku = await factories.sku(12_000)
        order = await orders.place(made["customer"], [orders.Wanted(sku.id, 1)], key="place-it-1")
        started = await factories.top_up(made["customer"], 3_000)
        return {**made, "order": order.order_no, "top_up": started.top_up_no}

    async def act(self, made):
        await orders.pay(made["customer"], made["order"], key="pay-it-01")
        await payments.confirm(factories.trade(await top_ups.get(made["customer"], made["top_up"])))

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        told = await self.told(made)
        return (
            balance.balance_fen, balance.credit_used_fen, told["deducted"], told["credit_drawn"], told["credit_repaid"],
        ) != (2_000, 0, 1, 1, 1)  # fmt: skip


class Review(Path):
    """An unusual payment is held for review and approved; the customer and the operator press their buttons again."""

    async def before(self):
        made = await super().before()
        if not await deduction_rules.page():
            await deduction_rules.add(
                name="大额", kind="size", params={"at_least_fen": 5_000}, action="hold", tells_customer=False
            )
        sku = await factories.sku(6_000)
        order = await orders.place(made["customer"], [orders.Wanted(sku.id, 1)], key="place-it-1")
        return {**made, "order": order.order_no}

    async def act(self, made):
        await orders.pay(made["customer"], made["order"], key="pay-it-01")
        (review,) = await reviews.page(customer_id=made["customer"])
        await reviews.approve(1, review.review_no, key=f"approve-{review.review_no}")

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        order = await orders.get(made["customer"], made["order"])
        told = await self.told(made)
        return (balance.balance_fen, balance.held_fen, order.state, told["under_review"], told["deducted"]) != (
            5_000, 0, "paid", 1, 1,
        )  # fmt: skip


PATHS = {
    "top_up": TopUp,
    "confirm": Confirm,
    "pay_order": PayOrder,
    "pay_admitted": PayAdmitted,
    "pay_orders": PayOrders,
    "cancel_order": CancelOrder,
    "pay_on_credit": PayOnCredit,
    "review": Review,
}
