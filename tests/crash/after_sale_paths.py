"""After-sales that die halfway: every button is pressed again with its key, and the clock looks after what is on its way."""

from datetime import timedelta

from billing import payments, refunds
from core import clock
from core import db as database
from ledger import accounts
from shop import after_sales, order_review, orders, shipments
from tests import factories
from tests.billing import refunding
from tests.crash.path import OPENED, Path

BOSS = order_review.By(1)


class GoodsAndMoneyBack(Path):
    """A customer sends goods back that were paid with balance and channel; the shop takes them and gives the money back; the process dies;
    everybody presses their button again."""

    async def before(self):
        made = await super().before()
        sku = await factories.sku(500, stock=5)
        wanted = [orders.Wanted(sku.id, 2)]
        order = await orders.place(made["customer"], wanted, key="place-it-once")
        started = await factories.combined_payment(order, 400, channels=OPENED)
        assert await payments.confirm(factories.trade_of(started.payment)) == "settled"
        await shipments.ship(
            BOSS, order.order_no, shipments.Parcel("顺丰", "SF1234567890"), key=f"ship-{order.order_no}"
        )
        return {**made, "order": order.order_no, "bill": order.bill_no, "sku": sku.id}

    async def act(self, made):
        asked = await after_sales.apply(
            made["customer"], made["order"], "return", {made["sku"]: 2}, reason="破损", key="ask-it-once"
        )
        number = asked.return_no
        await after_sales.approve(BOSS, number, note="寄回", key=f"approve-{number}")
        await after_sales.send_back(made["customer"], number, "中通", made["order"], key="send-it-back")
        await after_sales.receive(BOSS, number, written_off={made["sku"]: 1}, key=f"receive-{number}")
        await after_sales.refund(OPENED, BOSS, number, amount_fen=800, key=f"refund-{number}")

    async def again(self, made):
        await self.act(made)
        clock.set_offset(timedelta(minutes=10))
        await refunds.poll(OPENED)

    async def wrong(self, made):
        (found,) = await after_sales.page(customer_id=made["customer"])
        events = [event.step for event in await after_sales.events(found)]
        on_hand = await database.fetchval("SELECT on_hand FROM stock WHERE sku_id = $1", made["sku"])
        states = [one.state for one in await refunds.page(customer_id=made["customer"])]
        balance = await accounts.balance(made["customer"])
        heard = await self.told(made)
        return (
            found.state, found.refund_fen, events, on_hand, states, balance.balance_fen, heard["after_sale_approved"],
            await refunding.parts(made["bill"]),
        ) != (
            "done", 800, ["apply", "approve", "send_back", "receive", "refund"], 4, ["paid"], 10_800, 1,
            [("balance", 400, 200, 0), ("wechat_pay", 600, 600, 0)],
        )  # fmt: skip


PATHS = {"after_sale": GoodsAndMoneyBack}
