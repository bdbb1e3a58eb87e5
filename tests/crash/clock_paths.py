"""What time brings about, and what operators call off, that dies halfway."""

import contextlib
from datetime import timedelta

from billing import (
    credit_draws,
    credit_limits,
    deduction_rules,
    expiry,
    operator_bills,
    operator_holds,
    payable,
    reviews,
)
from core import clock, db
from ledger import accounts, holds
from shop import orders
from tests import factories
from tests.crash.path import Path


class ExpireOrder(Path):
    """An order was not paid in time; the clock dies; it comes again."""

    async def before(self):
        made = await super().before()
        sku = await factories.sku(2_000)
        order = await orders.place(made["customer"], [orders.Wanted(sku.id, 1)], key="place-it-1")
        return {**made, "order": order.order_no, "sku": sku.id}

    async def act(self, made):
        clock.set_offset(timedelta(days=2))
        await orders.expire_unpaid()

    async def wrong(self, made):
        order = await orders.get(made["customer"], made["order"])
        stock = await db.fetchval("SELECT on_hand - reserved FROM stock WHERE sku_id = $1", made["sku"])
        return (order.state, stock) != ("cancelled", 100)


class ExpireBonus(Path):
    """Bonus is over; the clock dies; it comes again."""

    async def before(self):
        customer = await factories.customer(principal=10_000, bonus=1_000, bonus_days=1, threshold_fen=10_500)
        return {"customer": customer.id}

    async def act(self, made):
        clock.set_offset(timedelta(days=3))
        await expiry.expire_bonus()

    async def wrong(self, made):
        told = await self.told(made)
        found = (await factories.balance(made["customer"]), told["bonus_expired"], told["low_balance"])
        return found != ((10_000, 0), 1, 1)


class RepayFreed(Path):
    """Credit was drawn while money was held; the hold ends; the clock pays back, dies, and comes again."""

    async def before(self):
        made = await super().before()
        customer_id = made["customer"]
        await credit_limits.set_limit(
            1,
            customer_id,
            limit_fen=5_000,
            automatic_only=False,
            reason="r",
            assessed=False,
            key=f"limit-{customer_id}",
        )
        code = accounts.of_customer(customer_id)
        await holds.place(code, reference=f"h{code}", amount_fen=9_000, title="押金", operator="t")
        order = await factories.order(customer_id, 4_000)
        await orders.pay(customer_id, order.order_no, key="pay-it-01")
        await holds.release(f"h{code}")
        return made

    async def act(self, made):
        await credit_draws.repay_freed()

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        told = await self.told(made)
        return (balance.balance_fen, balance.credit_used_fen, told["credit_repaid"]) != (7_000, 0, 1)


class ReviewRejected(Path):
    """An unusual payment is called off by an operator; the process dies; they press the button again."""

    async def before(self):
        made = await super().before()
        if not await deduction_rules.page():
            await deduction_rules.add(
                name="大额", kind="size", params={"at_least_fen": 5_000}, action="hold", tells_customer=False
            )
        order = await factories.order(made["customer"], 6_000)
        await orders.pay(made["customer"], order.order_no, key="pay-it-01")
        (review,) = await reviews.page(customer_id=made["customer"])
        return {**made, "review": review.review_no}

    state = "rejected"

    async def act(self, made):
        await reviews.reject(1, made["review"], reason="不是本人", key=f"reject-{made['review']}")

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        state = (await reviews.get(made["review"])).state
        told = await self.told(made)
        return (balance.balance_fen, balance.held_fen, state, told["review_ended"]) != (
            11_000,
            0,
            self.state,
            1,
        )


class ReviewExpired(ReviewRejected):
    """Nobody decided; the clock calls it off, dies, and comes again."""

    state = "expired"

    async def act(self, made):
        clock.set_offset(timedelta(days=2))
        await reviews.expire_due()


class ReleaseHold(Path):
    """An operator lets a deposit go, which settles a due bill; the process dies; they press the button again."""

    async def before(self):
        made = await super().before()
        wish = {"amount_fen": 10_000, "title": "押金", "expires_at": None, "key": f"hold-{made['customer']}"}
        hold = await operator_holds.place(1, made["customer"], **wish)
        await factories.bill(made["customer"], 4_000, automatic=True, consent="x")
        return {**made, "hold": hold}

    async def act(self, made):
        await operator_holds.release(1, made["hold"], key=made["hold"])

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        return (balance.balance_fen, balance.held_fen, (await self.told(made))["deducted"]) != (7_000, 0, 1)


class OperatorBills(Path):
    """An operator takes one bill from the balance and voids another; the process dies; they press both buttons again."""

    async def before(self):
        made = await super().before()
        one, other = (
            await factories.bill(made["customer"], 4_000),
            await factories.bill(made["customer"], 1_000),
        )
        return {**made, "pay": one, "void": other}

    async def act(self, made):
        await operator_bills.pay(1, made["pay"], amount_fen=None, key=made["pay"])
        await operator_bills.void(1, made["void"], reason="开错", key=made["void"])

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        rows = await db.fetch("SELECT state FROM bill WHERE customer_id = $1 ORDER BY id", made["customer"])
        return (balance.balance_fen, [row[0] for row in rows]) != (7_000, ["paid", "void"])


class PayByWord(Path):
    """A customer pays a bill by a word in the chat; the process dies; they say it again."""

    async def before(self):
        made = await super().before()
        return {**made, "bill": await factories.bill(made["customer"], 4_000)}

    async def act(self, made):
        with contextlib.suppress(payable.NothingSoNamed):  # said again when it is paid
            await payable.confirm(made["customer"], made["bill"][-4:], 4_000)

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        return (balance.balance_fen, (await self.told(made))["deducted"]) != (7_000, 1)


class ConfirmInChat(Path):
    """A customer says yes to paying a bill, to paying an order and to cancelling one; the process dies; they say it again."""

    async def before(self):
        made = await super().before()
        customer_id = made["customer"]
        paid, cancelled = [await factories.order(customer_id, fen) for fen in (2_000, 1_000)]
        bill_no = await factories.bill(customer_id, 4_000)
        mark = (await payable.named(customer_id, bill_no)).mark
        return {**made, "bill": bill_no, "mark": mark, "pay": paid.order_no, "cancel": cancelled.order_no}

    async def act(self, made):
        customer_id = made["customer"]
        await payable.pay_as_shown(customer_id, made["bill"], made["mark"], key="yes-bill-01")
        await orders.pay_as_shown(customer_id, made["pay"], 2_000, key="yes-pay-01")
        await orders.cancel_as_shown(customer_id, made["cancel"], 1_000, key="yes-cancel-01")

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        states = [(await orders.get(made["customer"], made[name])).state for name in ("pay", "cancel")]
        told = (await self.told(made))["deducted"]
        return (balance.balance_fen, states, told) != (5_000, ["paid", "cancelled"], 2)


PATHS = {
    "confirm_in_chat": ConfirmInChat,
    "pay_by_word": PayByWord,
    "expire_order": ExpireOrder,
    "expire_bonus": ExpireBonus,
    "repay_freed": RepayFreed,
    "review_rejected": ReviewRejected,
    "review_expired": ReviewExpired,
    "release_hold": ReleaseHold,
    "operator_bills": OperatorBills,
}
