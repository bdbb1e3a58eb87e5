"""Orders step by step: the table, its page, and what each state refuses."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from billing import approvals, bills, collecting, due_bills, instalments_of_orders, refunds, terms, write_offs
from core import clock
from core import db as database
from ledger import proof
from ledger.proof import marks
from shop import (
    order_changes,
    order_instalments,
    order_review,
    order_states,
    orders,
    orders_history,
    orders_shown,
    placing,
    shipments,
    stock,
)
from tests import factories
from tests.ledger import breaking

PAGE = Path(__file__).parents[2] / "docs" / "shop.md"
PARCEL = shipments.Parcel("顺丰", "SF1234567890")


def test_the_page_shows_the_table():
    between = (
        PAGE.read_text("utf-8").split("test_order_steps.py -->\n", 1)[1].split("\n<!-- end of steps", 1)[0]
    )
    table = order_states.as_table()
    assert between == table, f"the table of steps in docs/shop.md should be:\n{table}"


def test_the_table_is_sound():
    assert {rule.step for rule in order_states.RULES} == set(order_states.Step.__args__)
    named = {state for rule in order_states.RULES for state in (*rule.was, *rule.becomes)}
    assert named == set(order_states.STATES)
    ends = {
        state
        for state in order_states.STATES
        if not any(state in r.was and r.becomes for r in order_states.RULES)
    }
    assert ends == {"completed", "cancelled"}


class Shop:
    """A customer with an order of two SKUs, brought into a state by the steps that lead there."""

    async def opened(self, state):
        self.customer = (await factories.customer(principal=50_000)).id
        self.skus = [(await factories.sku(1_000, stock=10)).id for _ in range(2)]
        wanted = [orders.Wanted(self.skus[0], 2), orders.Wanted(self.skus[1], 1)]
        self.no = (await orders.place(self.customer, wanted, key=factories.key())).order_no
        for step in _WAYS[state]:
            await self.take(step)
        return self

    async def take(self, step):
        acts = {
            "edit": lambda: order_changes.edit(
                self.customer, self.no, order_changes.Change({self.skus[0]: 1}), key=factories.key()
            ),
            "pay": lambda: orders.pay(self.customer, self.no, key=factories.key()),
            "pay_in_parts": self.pay_in_parts,
            "cancel": lambda: orders.cancel(self.customer, self.no),
            "withdraw": lambda: order_review.withdraw(
                order_review.By(1), self.no, reason="缺货", key=factories.key()
            ),
            "confirm": lambda: order_review.confirm(order_review.By(1), self.no, key=factories.key()),
            "reject": lambda: order_review.reject(
                order_review.By(1), self.no, reason="超出配送范围", key=factories.key()
            ),
            "ship": lambda: shipments.ship(shipments.By(1), self.no, PARCEL, key=factories.key()),
            "ship_one": lambda: shipments.ship(
                shipments.By(1),
                self.no,
                shipments.Parcel("圆通", "YT0001", {self.skus[0]: 1}),
                key=factories.key(),
            ),
            "hand_over": lambda: order_review.hand_over(order_review.By(1), self.no, key=factories.key()),
            "close": self.close,
            "receive": lambda: orders.receive(self.customer, self.no),
            "expire": self.expire,
            "complete": self.complete,
            "hide": lambda: orders.hide(self.customer, self.no),
        }
        await acts[step]()

    async def close(self):
        if await self.state() == "shipping":
            await self.paid_back()
        await order_review.close(order_review.By(1), self.no, note="断货", key=factories.key())

    async def paid_back(self):
        """All that is left of what was paid."""
        bill = await bills.find((await orders.get(self.customer, self.no)).bill_no)
        await refunds.of_bill(
            factories.open_channels(), 1, bill.bill_no, amount_fen=await refunds.left(bill), reason="断货", key=factories.key(),
        )  # fmt: skip

    async def pay_in_parts(self):
        terms.use(replace(terms.current(), order_instalment_parts=(2,), order_instalments_from_fen=1))
        offer = instalments_of_orders.offered((await orders.get(self.customer, self.no)).total_fen, 2)
        await order_instalments.agree(
            self.customer, self.no, count=2, consent_version=offer.consent_version, locale="en", key=factories.key(),
        )  # fmt: skip

    async def expire(self):
        clock.set_offset(orders.UNPAID_LIFETIME + timedelta(minutes=1))
        await self.by_the_clock(orders.expire_unpaid)

    async def complete(self):
        clock.set_offset(timedelta(days=terms.current().complete_after_days, minutes=1))
        await self.by_the_clock(orders.complete_due)

    async def by_the_clock(self, job):
        """The clock leaves an order alone where others are refused."""
        before = await self.state()
        await job()
        if await self.state() == before:
            raise orders.OrderStateForbids(order_no=self.no, state=before)

    async def state(self):
        return (await orders.get(self.customer, self.no)).state

    async def history(self):
        return await orders_history.of_order((await orders.get(self.customer, self.no)).id)

    async def left(self):
        return [one.available for one in await stock.levels(self.skus)]


_WAYS = {
    "placed": [], "paid": ["pay"], "confirmed": ["pay", "confirm"], "shipping": ["pay", "ship_one"], "shipped": ["pay", "ship"],
    "completed": ["pay", "hand_over"], "cancelled": ["cancel"],
}  # fmt: skip
AGAIN_IS_HARMLESS = {("cancel", "cancelled"), ("receive", "completed")}
MATRIX = [
    (rule.step, state)
    for rule in order_states.RULES
    for state in order_states.STATES
    if rule.step != "place" and (rule.step, state) not in AGAIN_IS_HARMLESS
]


@pytest.mark.parametrize("state", order_states.STATES)
async def test_every_step_is_taken_or_refused_as_the_table_says(db, state):
    for step in [one for one, in_state in MATRIX if in_state == state]:
        shop = await Shop().opened(state)
        before, told = await shop.history(), await factories.balance(shop.customer)
        rule = next(one for one in order_states.RULES if one.step == step)
        if order_states.allows(step, state):
            await shop.take(step)
            became = await shop.state()
            assert became in (rule.becomes or (state,)), step
            last = (await shop.history())[-1]
            assert (last.step, last.was, last.became) == (step, state, became)
            assert last.by.partition(":")[0] in (rule.who, "customer" if step == "pay" else rule.who)
        else:
            with pytest.raises(orders.OrderStateForbids):
                await shop.take(step)
            assert (await shop.state(), await shop.history()) == (state, before), step
            assert await factories.balance(shop.customer) == told
        clock.set_offset(timedelta(0))


@pytest.mark.parametrize("step", ["withdraw", "reject"])
async def test_what_the_shop_cancels_is_paid_back_freed_and_told(db, step):
    shop = await Shop().opened("paid")
    assert await shop.left() == [8, 9] and await factories.balance(shop.customer) == (47_000, 0)
    await shop.take(step)
    assert await shop.left() == [10, 10] and await factories.balance(shop.customer) == (50_000, 0)
    assert await factories.told(shop.customer, "order_cancelled") == 1
    (refund,) = await refunds.page(customer_id=shop.customer)
    assert refund.amount_fen == 3_000


async def test_parcels_take_stock_and_the_last_one_ships_the_order(db):
    shop = await Shop().opened("paid")
    await shop.take("ship_one")
    with pytest.raises(shipments.NotToBeShipped):
        await shipments.ship(
            shipments.By(1), shop.no, shipments.Parcel("圆通", "YT2", {shop.skus[0]: 2}), key="too-many-1"
        )
    another = await factories.sku()
    with pytest.raises(shipments.NotInOrder):
        await shipments.ship(
            shipments.By(1), shop.no, shipments.Parcel("圆通", "YT2", {another.id: 1}), key="another-1"
        )
    with pytest.raises(shipments.AlreadyShipped):
        await shop.take("ship_one")
    assert await shop.state() == "shipping"
    same = [shipments.ship(shipments.By(1), shop.no, PARCEL, key="ship-it-01") for _ in range(4)]
    assert len(set(await asyncio.gather(*same))) == 1
    assert await shop.state() == "shipped"
    levels = await stock.levels(shop.skus)
    assert [(one.on_hand, one.reserved) for one in levels] == [(8, 0), (9, 0)]
    parcels = await shipments.of_order((await orders.get(shop.customer, shop.no)).id)
    assert [[(line.sku_id, line.quantity) for line in one.lines] for one in parcels] == [
        [(shop.skus[0], 1)], [(shop.skus[0], 1), (shop.skus[1], 1)],
    ]  # fmt: skip
    assert await factories.told(shop.customer, "order_shipped") == 2
    bill = await database.fetchval("SELECT title FROM bill")
    told = await database.fetch(
        "SELECT params ->> 'title' AS title FROM outbox_message WHERE kind = 'order_shipped'"
    )
    assert {row["title"] for row in told} == {bill} and bill.endswith("等2种")
    watched = await database.fetch("SELECT carrier, tracking_no, phone_end FROM parcel ORDER BY id")
    assert [tuple(row) for row in watched] == [
        ("yuantong", "YT0001", None),
        ("shunfeng", "SF1234567890", None),
    ]
    await shop.complete()
    assert await factories.told(shop.customer, "order_completed") == 1


async def test_two_parcels_at_once_never_send_more_than_was_ordered(db):
    shop = await Shop().opened("paid")
    acts = [
        shipments.ship(
            shipments.By(1),
            shop.no,
            shipments.Parcel("圆通", f"YT{n}", {shop.skus[0]: 1}),
            key=f"parcel-{n}-at-once",
        )
        for n in range(5)
    ]
    done = await asyncio.gather(*acts, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["NotToBeShipped"] * 3 + ["str"] * 2
    assert [one.on_hand for one in await stock.levels(shop.skus)] == [8, 10]


async def test_a_shop_that_reviews_orders_delivers_only_what_it_confirmed(db):
    terms.use(replace(terms.current(), orders_need_review=True))
    shop = await Shop().opened("paid")
    assert set((await orders_shown.find(shop.no)).next_steps) == {"confirm", "reject", "withdraw"}
    for step in ("ship", "hand_over"):
        with pytest.raises(order_review.OrderNotReviewed):
            await shop.take(step)
    await shop.take("confirm")
    assert {"ship", "hand_over"} < set((await orders_shown.find(shop.no)).next_steps)
    await shop.take("ship")
    assert await shop.state() == "shipped"


async def test_changing_an_order_prices_it_anew_and_moves_stock_and_bill_along(db):
    shop = await Shop().opened("placed")
    other = (await factories.sku(700, stock=3)).id
    change = order_changes.Change({shop.skus[0]: 1, other: 3}, remark="少冰", total_fen=3_100)
    order = await order_changes.edit(shop.customer, shop.no, change, key="change-it-1")
    assert (order.total_fen, order.remark, [line.quantity for line in order.lines]) == (3_100, "少冰", [1, 3])
    assert await shop.left() == [9, 10] and await factories.available([other]) == {other: 0}
    bill_fen = await database.fetchval("SELECT amount_fen FROM bill WHERE bill_no = $1", order.bill_no)
    assert bill_fen == 3_100
    for wrong, refusal in (
        (order_changes.Change({other: 4}), orders.OutOfStock),
        (order_changes.Change({10**9: 1}), orders.SkuNotForSale),
        (order_changes.Change({other: 1}, total_fen=1), orders.PriceChanged),
    ):
        with pytest.raises(refusal):
            await order_changes.edit(shop.customer, shop.no, wrong, key=factories.key())
    assert (await orders.pay(shop.customer, shop.no, key=factories.key())).total_fen == 3_100


async def test_changing_and_paying_at_once_leave_one_price(db):
    for _ in range(4):
        shop = await Shop().opened("placed")
        await asyncio.gather(shop.take("edit"), shop.take("pay"), return_exceptions=True)
        order = await orders.get(shop.customer, shop.no)
        paid = 50_000 - sum(await factories.balance(shop.customer))
        assert paid == (order.total_fen if order.state == "paid" else 0)


async def test_a_hidden_order_is_off_the_list_and_still_there(db):
    shop = await Shop().opened("cancelled")
    await asyncio.gather(shop.take("hide"), shop.take("hide"))
    assert await orders.page(shop.customer) == []
    assert await shop.state() == "cancelled"
    assert [event.step for event in await shop.history()] == ["place", "cancel", "hide"]


async def test_a_long_reason_for_ending_an_order_is_shortened_for_the_second_person_and_kept_whole_for_the_act(
    db,
):
    terms.use(replace(terms.current(), approval_above_fen=2_999))
    shop = await Shop().opened("paid")
    reason = "缺" * 200
    waits = await order_review.withdraw(order_review.By(1), shop.no, reason=reason, key=factories.key())
    asked = await approvals.get(waits.approval_no)
    assert (asked.reason, len(asked.reason), asked.params["reason"]) == (
        f"{shop.no} {reason}"[:200],
        200,
        reason,
    )


@pytest.mark.parametrize("step", ["withdraw", "reject"])
async def test_ending_a_paid_order_above_the_limit_waits_for_a_second_person(db, step):
    terms.use(replace(terms.current(), approval_above_fen=2_999))
    shop = await Shop().opened("paid")
    end = {"withdraw": order_review.withdraw, "reject": order_review.reject}[step]
    acts = [
        end(
            order_review.By(n),
            shop.no,
            reason="缺货",
            key=f"end-it-{n}",
        )
        for n in (1, 1, 3)
    ]
    done = await asyncio.gather(*acts, return_exceptions=True)
    waits = [one for one in done if not isinstance(one, order_review.OrderEndWaits)]
    numbers = {one.approval_no for one in waits}
    assert len(numbers) == 1 and numbers != {None} and len(waits) < 3
    assert await shop.state() == "paid" and await factories.balance(shop.customer) == (47_000, 0)
    (number,) = numbers
    asked = (await approvals.get(number)).requested_by
    with pytest.raises(approvals.OwnRequest):
        await approvals.approve(asked, number, key=factories.key())
    yes = [approvals.approve(2, number, key=factories.key()) for _ in range(3)]
    done = await asyncio.gather(*yes, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Approval", "ApprovalEnded", "ApprovalEnded"]
    assert (await approvals.get(number)).state == "executed"
    assert await shop.state() == "cancelled" and await factories.balance(shop.customer) == (50_000, 0)
    (refund,) = await refunds.page(customer_id=shop.customer)
    assert (refund.operator, refund.decided_by) == (f"operator:{asked}", "operator:2")
    last = (await shop.history())[-1]
    assert (last.step, last.by, last.note) == (step, f"operator:{asked}", "缺货")
    assert await proof.check() == []
    async with breaking.undone("UPDATE approval SET result = 'S0' WHERE kind = 'order_end'"):
        assert "I17" in await breaking.named(None)


async def test_what_an_operator_ends_alone_adds_up_and_a_decision_goes_by_the_facts_of_then(db):
    terms.use(replace(terms.current(), approval_above_fen=5_999))
    shop = await Shop().opened("paid")
    second = await orders.place_and_pay(
        shop.customer, [orders.Wanted(shop.skus[0], 3)], placing.How(), key=factories.key()
    )
    assert (
        await order_review.withdraw(order_review.By(1), shop.no, reason="缺货", key="end-it-1")
    ).approval_no is None
    waiting = await order_review.reject(order_review.By(1), second.order_no, reason="缺货", key="end-it-2")
    assert waiting.approval_no
    third = await Shop().opened("paid")
    terms.use(replace(terms.current(), approval_above_fen=1))
    less = await order_review.reject(order_review.By(1), third.no, reason="缺货", key="end-it-3")
    await database.execute("UPDATE approval SET amount_fen = 2999 WHERE approval_no = $1", less.approval_no)
    failed = await approvals.approve(2, less.approval_no, key=factories.key())
    assert (failed.state, failed.refusal["code"]) == ("failed", "more_than_agreed")
    assert await third.state() == "paid"
    await shipments.ship(shipments.By(1), second.order_no, PARCEL, key=factories.key())
    failed = await approvals.approve(2, waiting.approval_no, key=factories.key())
    assert (failed.state, failed.refusal["code"]) == ("failed", "order_state_forbids")
    unpaid = await Shop().opened("placed")
    terms.use(replace(terms.current(), approval_above_fen=1))
    await unpaid.take("withdraw")
    assert await unpaid.state() == "cancelled"


async def test_a_refund_of_its_bill_is_in_an_orders_history_and_what_is_paid_back_is_not_delivered(db):
    shop = await Shop().opened("paid")
    bill_no = (await orders.get(shop.customer, shop.no)).bill_no
    channels = factories.open_channels()
    part = await refunds.of_bill(channels, 1, bill_no, amount_fen=1_000, reason="道歉", key=factories.key())
    last = (await shop.history())[-1]
    assert (last.step, last.was, last.became, last.by) == ("refund", "paid", "paid", "operator:1")
    assert last.note == f"{part.refund.refund_no} 1000"
    await shop.take("ship_one")
    await refunds.of_bill(channels, 1, bill_no, amount_fen=2_000, reason="道歉", key=factories.key())
    for step in ("ship", "hand_over"):
        with pytest.raises(order_review.OrderRefunded):
            await shop.take(step)
    assert (await orders_shown.find(shop.no)).next_steps == ("close",)
    other = await Shop().opened("paid")
    bill_no = (await orders.get(other.customer, other.no)).bill_no
    at_once = refunds.of_bill(channels, 1, bill_no, amount_fen=3_000, reason="道歉", key=factories.key())
    done = await asyncio.gather(at_once, other.take("ship"), return_exceptions=True)
    assert (await other.state() == "shipped") == (done[1] is None)
    assert done[1] is None or isinstance(done[1], order_review.OrderRefunded)
    third = await Shop().opened("paid")
    bill_no = (await orders.get(third.customer, third.no)).bill_no
    await refunds.of_bill(channels, 1, bill_no, amount_fen=3_000, reason="道歉", key=factories.key())
    with pytest.raises(order_review.OrderRefunded):
        await third.take("confirm")
    (shown,) = await orders_shown.everybodys(customer_id=third.customer)
    assert set(shown.next_steps) == {"reject", "withdraw"}, "nothing is delivered any more"
    await third.take("cancel")
    assert await third.state() == "cancelled" and await third.left() == [10, 10]


@pytest.mark.parametrize(("state", "step"), [("paid", "confirm"), ("confirmed", "hand_over")])
@pytest.mark.parametrize(("said", "kept"), [("周五送", "周五送"), ("", None)])
async def test_what_an_operator_says_of_a_step_is_in_the_orders_history(db, state, step, said, kept):
    shop = await Shop().opened(state)
    await getattr(order_review, step)(order_review.By(1), shop.no, note=said, key=factories.key())
    last = (await shop.history())[-1]
    assert (last.step, last.by, last.note) == (step, "operator:1", kept)


async def test_an_order_that_went_out_in_part_and_was_paid_back_is_closed_and_its_stock_is_free(db):
    shop = await Shop().opened("shipping")
    assert await shop.left() == [8, 9] and "close" not in (await orders_shown.find(shop.no)).next_steps
    close = lambda key: order_review.close(order_review.By(1), shop.no, key=key)  # noqa: E731
    with pytest.raises(order_review.OrderNotRefunded):
        await close(factories.key())
    assert await shop.state() == "shipping" and await shop.left() == [8, 9]
    await shop.paid_back()
    assert (await orders_shown.find(shop.no)).next_steps == ("close",)
    with pytest.raises(order_review.NoSuchOrder):
        await order_review.close(order_review.By(1, frozenset({"elsewhere"})), shop.no, key=factories.key())
    key = factories.key()
    answers = await asyncio.gather(
        *(close(key) for _ in range(3)), close(factories.key()), return_exceptions=True
    )
    refused = [one for one in answers if isinstance(one, Exception)]
    assert all(isinstance(one, orders.OrderStateForbids) for one in refused) and len(refused) in (1, 3)
    assert [one.step for one in await shop.history()].count("close") == 1
    assert await shop.left() == [9, 10], "what was sent is gone, what was kept can be ordered again"
    order = await orders.get(shop.customer, shop.no)
    assert (order.state, [(line.quantity, line.shipped) for line in order.lines]) == (
        "shipped",
        [(2, 1), (1, 0)],
    )
    with pytest.raises(orders.OrderStateForbids):
        await shop.take("ship")
    await shop.take("receive")
    assert await shop.state() == "completed"


async def test_of_an_order_in_instalments_what_is_owed_is_given_up_by_two_before_it_is_closed(db):
    await in_parts()
    assert (await proof.run()).is_mark
    mark = await marks.last()
    shop = await in_parts()
    await shop.paid_back()
    assert (await orders_shown.find(shop.no)).next_steps == (), "something is owed"
    with pytest.raises(order_review.OrderNotRefunded):
        await order_review.close(order_review.By(1), shop.no, key=factories.key())
    bill_no = (await orders.get(shop.customer, shop.no)).bill_no
    approval_no = await write_offs.request(1, bill_no, reason="断货", key=factories.key())
    await approvals.approve(2, approval_no, key=factories.key())
    assert (await orders_shown.find(shop.no)).next_steps == ("close",)
    await order_review.close(order_review.By(1), shop.no, key=factories.key())
    assert (await shop.state(), await shop.left()) == ("shipped", [9, 10])
    clock.set_offset(timedelta(days=70))
    balance = await factories.balance(shop.customer)
    await due_bills.run()
    assert await factories.balance(shop.customer) == balance, "the clock takes nothing for what is never sent"
    for wrong, invariant in (
        ("UPDATE bill SET state = 'partly_paid', written_off_at = NULL WHERE state = 'written_off'", "I11"),
        ("UPDATE order_event SET step = 'ship' WHERE step = 'close'", "I22"),
        (
            "UPDATE order_line SET shipped = shipped + 1 WHERE order_id IN (SELECT order_id FROM order_event WHERE step = 'close')",
            "I22",
        ),
    ):
        async with breaking.undone(wrong):
            assert invariant in await breaking.named(None) & await breaking.named(mark), wrong


async def test_closing_while_the_next_part_is_paid_leaves_no_money_in_a_closed_order(db):
    for _ in range(6):
        shop = await in_parts()
        await shop.paid_back()
        bill_no = (await orders.get(shop.customer, shop.no)).bill_no
        refused, paid = await asyncio.gather(
            order_review.close(order_review.By(1), shop.no, key=factories.key()),
            collecting.pay(shop.customer, bill_no, key=factories.key()),
            return_exceptions=True,
        )
        assert isinstance(refused, order_review.OrderNotRefunded) and isinstance(paid, bills.Bill)
        assert await shop.state() == "shipping" and await refunds.left(paid) > 0


async def in_parts():
    """An order in two parts, the first of them paid, one piece of it sent."""
    shop = await Shop().opened("placed")
    await shop.take("pay_in_parts")
    await shop.take("ship_one")
    return shop
