"""Orders that die halfway: placed and paid at once, with a coupon and points, changed, turned down, withdrawn, sent out."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from billing import instalments_of_orders, plan_actors, refunds, schedule, terms
from core import clock, db
from ledger import accounts
from members import points, points_rules
from shop import (
    order_changes,
    order_instalments,
    order_records,
    order_review,
    orders,
    placing,
    shipments,
    standing_deliveries,
    standing_orders,
    standing_shown,
    stock,
)
from tests import factories
from tests.crash.path import Path
from tests.members.test_coupons import given
from tests.members.test_points import RULE


class _Path(Path):
    """A customer, and a SKU of which there are a hundred."""

    async def before(self):
        made = await super().before()
        return {**made, "sku": (await factories.sku(2_000)).id}

    async def placed(self, made, quantity=2):
        wanted = [orders.Wanted(made["sku"], quantity)]
        return (await orders.place(made["customer"], wanted, key="place-it-1")).order_no

    async def left(self, made):
        """What stock says, and what the customer has."""
        there = await stock.level(made["sku"])
        return (there.on_hand, there.reserved, (await accounts.balance(made["customer"])).balance_fen)


class PlaceAndPay(_Path):
    """An order is placed and paid by one request; it is asked again with the same key."""

    async def act(self, made):
        wanted = [orders.Wanted(made["sku"], 2)]
        await orders.place_and_pay(made["customer"], wanted, orders.How(), key="place-and-1")

    async def wrong(self, made):
        (order,) = await orders.page(made["customer"])
        found = (*await self.left(made), order.state, (await self.told(made))["deducted"])
        return found != (100, 2, 7_000, "paid", 1)


class Buy(PlaceAndPay):
    """The same of somebody whose balance stays above where they are alerted: one statement does both, at the door."""

    async def act(self, made):
        how = orders.How(pay_from="balance")
        await orders.admit_and_place(
            made["customer"], [orders.Wanted(made["sku"], 1)], how, key="place-and-1"
        )

    async def before(self):
        made = await super().before()
        return {**made, "sku": (await factories.sku(1_000)).id}

    async def wrong(self, made):
        (order,) = await orders.page(made["customer"])
        found = (*await self.left(made), order.state, (await self.told(made))["deducted"])
        return found != (100, 1, 10_000, "paid", 1)


class BuyTogether(Path):
    """Several customers order at once, one more than they can pay, two of them the last piece; all ask again."""

    at_once = True

    async def before(self):
        last, common = await factories.sku(2_000, stock=1), await factories.sku(1_000)
        made = [await factories.customer(principal=fen) for fen in (10_000, 10_000, 10_000, 500)]
        return {"everybody": [one.id for one in made], "last": last.id, "common": common.id}

    async def act(self, made):
        carts = [(made["common"],), (made["common"], made["last"]), (made["last"],), (made["common"],)]
        how = orders.How(pay_from="balance")
        asked = [
            orders.place_and_pay(one, [orders.Wanted(sku, 1) for sku in cart], how, key="place-and-1")
            for one, cart in zip(made["everybody"], carts, strict=True)
        ]
        await asyncio.gather(*asked, return_exceptions=True)

    async def wrong(self, made):
        last, common = await stock.level(made["last"]), await stock.level(made["common"])
        left = [(await accounts.balance(one)).balance_fen for one in made["everybody"]]
        had = (last.reserved, common.reserved, left)
        return had not in ((1, 3, [9_000, 7_000, 10_000, 500]), (1, 2, [9_000, 10_000, 8_000, 500]))


class PlaceWithMore(_Path):
    """An order takes a coupon and points with it."""

    async def before(self):
        made = await super().before()
        await points_rules.put(RULE, by="operator:1")
        have = await factories.earn(made["customer"], 1_000_000, f"earned-before-{made['customer']}")
        return {**made, "have": have, "coupon": await given(self.customer, off_fen=500)}

    async def act(self, made):
        how = placing.How(coupon_nos=(made["coupon"],), points=made["have"] // 40)
        await orders.place(made["customer"], [orders.Wanted(made["sku"], 2)], how, key="place-it-1")

    async def wrong(self, made):
        (order,) = await orders.page(made["customer"])
        left = (await points.redeemable(made["customer"], 10**9)).have
        kinds = [one.kind for one in order.discounts]
        found = (*(await self.left(made))[:2], order.state, kinds, left)
        return found != (100, 2, "placed", ["coupon", "points"], made["have"] - made["have"] // 40)


class PlacePaid(_Path):
    """Somebody who may have no more orders that wait pays one, a coupon with it, as it is placed; they ask again with the same key."""

    async def before(self):
        made = await super().before()
        for n in range(terms.current().unpaid_orders_most):
            await orders.place(made["customer"], [orders.Wanted(made["sku"], 1)], key=f"waiting-{n:02}")
        return {**made, "coupon": await given(self.customer, off_fen=500)}

    async def act(self, made):
        how = placing.How(coupon_nos=(made["coupon"],))
        await orders.place_and_pay(made["customer"], [orders.Wanted(made["sku"], 2)], how, key="place-and-1")

    async def wrong(self, made):
        order, *waiting = await orders.page(made["customer"], limit=99)
        states = {one.state for one in waiting}
        found = (*await self.left(made), order.state, len(waiting), states)
        return found != (100, 22, 7_500, "paid", 20, {"placed"})


class EditOrder(_Path):
    """An unpaid order is changed."""

    async def before(self):
        made = await super().before()
        return {**made, "order": await self.placed(made)}

    async def act(self, made):
        change = order_changes.Change({made["sku"]: 3})
        await order_changes.edit(made["customer"], made["order"], change, key="change-it-1")

    async def wrong(self, made):
        order = await orders.get(made["customer"], made["order"])
        owed = await db.fetchval("SELECT amount_fen FROM bill WHERE bill_no = $1", order.bill_no)
        return (*await self.left(made), order.total_fen, owed) != (100, 3, 11_000, 6_000, 6_000)


class RejectOrder(_Path):
    """The shop turns a paid order down."""

    async def before(self):
        made = await super().before()
        order_no = await self.placed(made)
        await orders.pay(made["customer"], order_no, key="pay-it-01")
        return {**made, "order": order_no}

    async def act(self, made):
        await order_review.reject(
            order_review.By(1), made["order"], reason="缺货", key=f"reject-{made['order']}"
        )

    async def wrong(self, made):
        order = await orders.get(made["customer"], made["order"])
        found = (*await self.left(made), order.state, (await self.told(made))["order_cancelled"])
        return found != (100, 0, 11_000, "cancelled", 1)


class WithdrawOrder(RejectOrder):
    """The shop withdraws one it had confirmed."""

    async def before(self):
        made = await super().before()
        await order_review.confirm(order_review.By(1), made["order"], key=f"confirm-{made['order']}")
        return made

    async def act(self, made):
        await order_review.withdraw(
            order_review.By(1), made["order"], reason="缺货", key=f"withdraw-{made['order']}"
        )


class PayInParts(_Path):
    """An order is agreed to be paid in parts, and the first is taken."""

    async def before(self):
        made = await super().before()
        return {**made, "order": await self.placed(made)}

    async def act(self, made):
        terms.use(replace(terms.current(), order_instalment_parts=(3,), order_instalments_from_fen=1))
        offer = instalments_of_orders.offered(4_000, 3)
        await order_instalments.agree(
            made["customer"], made["order"], count=3, consent_version=offer.consent_version, locale="en", key="agree-it-1",
        )  # fmt: skip

    async def wrong(self, made):
        record = await order_records.read(made["order"])
        found = (*await self.left(made), record.state, record.owed_fen, (await self.told(made))["deducted"])
        return found != (100, 2, 9_800, "paid", 2_800, 1)


class CancelInParts(PayInParts):
    """One that is paid in parts is cancelled by its customer."""

    async def before(self):
        made = await super().before()
        await PayInParts.act(self, made)
        return made

    async def act(self, made):
        await orders.cancel(made["customer"], made["order"])

    async def wrong(self, made):
        record = await order_records.read(made["order"])
        return (*await self.left(made), record.state, record.owed_fen) != (100, 0, 11_000, "cancelled", 0)


class ShipOrder(RejectOrder):
    """A paid order is sent out."""

    async def act(self, made):
        parcel = shipments.Parcel("顺丰", f"SF{made['customer']}")
        await shipments.ship(shipments.By(1), made["order"], parcel, key=f"ship-{made['order']}")

    async def wrong(self, made):
        order = await orders.get(made["customer"], made["order"])
        parcels = len(await shipments.of_order(order.id))
        found = (*await self.left(made), order.state, parcels, (await self.told(made))["order_shipped"])
        return found != (98, 0, 7_000, "shipped", 1, 1)


class CloseOrder(ShipOrder):
    """One of two pieces went out and all money is back: the other is not sent any more."""

    async def before(self):
        made = await super().before()
        parcel = shipments.Parcel("顺丰", f"SF{made['customer']}", {made["sku"]: 1})
        await shipments.ship(shipments.By(1), made["order"], parcel, key=f"ship-{made['order']}")
        bill_no = (await orders.get(made["customer"], made["order"])).bill_no
        await refunds.of_bill(
            factories.open_channels(),
            1,
            bill_no,
            amount_fen=4_000,
            reason="断货",
            key=f"back-{made['order']}",
        )
        return made

    async def act(self, made):
        await order_review.close(order_review.By(1), made["order"], note="断货", key=f"close-{made['order']}")

    async def wrong(self, made):
        record = await order_records.read(made["order"])
        closed = [one.step for one in record.history].count("close")
        return (*await self.left(made), record.state, closed) != (99, 0, 11_000, "shipped", 1)


class StandingDelivery(_Path):
    """The day of a standing order comes; the process dies, and the clock ticks again."""

    async def before(self):
        made = await super().before()
        wish = standing_orders.Wish(
            [orders.Wanted(made["sku"], 2)], schedule.of_cycle("daily"), 4_000, standing_orders.Consent("1")
        )
        customer = plan_actors.by_customer(made["customer"])
        standing_id = await standing_orders.start(
            customer, made["customer"], wish, key=f"standing-{made['customer']}"
        )
        first = (await standing_shown.get(standing_id)).started_on
        return {**made, "hours": (clock.start_of(first) - clock.now()) // timedelta(hours=1) - 11}

    async def act(self, made):
        clock.set_offset(timedelta(hours=made["hours"]))
        await standing_deliveries.run()

    async def wrong(self, made):
        (order,) = await orders.page(made["customer"])
        found = (*await self.left(made), order.state, (await self.told(made))["deducted"])
        return found != (100, 2, 7_000, "paid", 1)


PATHS = {
    "place_and_pay": PlaceAndPay,
    "buy": Buy,
    "buy_together": BuyTogether,
    "place_with_more": PlaceWithMore,
    "place_paid": PlacePaid,
    "edit_order": EditOrder,
    "reject_order": RejectOrder,
    "withdraw_order": WithdrawOrder,
    "pay_in_parts": PayInParts,
    "cancel_in_parts": CancelInParts,
    "ship_order": ShipOrder,
    "close_order": CloseOrder,
    "standing_delivery": StandingDelivery,
}
