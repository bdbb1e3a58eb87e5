"""Orders by instalments: offered, agreed to, delivered, taken part by part, cancelled, sent back; at once, and broken on purpose."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from billing import (
    approvals,
    bill_records,
    bills,
    closings,
    collecting,
    combined,
    counter,
    deduction_rules,
    due_bills,
    instalment_schedule,
    instalments,
    instalments_of_orders,
    merges,
    operator_bills,
    payments,
    refunds,
    terms,
    write_offs,
)
from core import clock
from core import db as database
from ledger import proof
from ledger.proof import marks
from shop import (
    after_sales,
    order_instalments,
    order_payments,
    order_records,
    order_review,
    orders,
    orders_history,
    shipments,
)
from tests import factories
from tests.ledger import breaking

BOSS = order_review.By(1)
OPENED = factories.open_channels()


@pytest.fixture(autouse=True)
def offered():
    terms.use(replace(terms.current(), order_instalment_parts=(3, 6), order_instalments_from_fen=10_000))


class Bought:
    """Four of one thing at 25 yuan each, to be paid in three parts: 30 first, then twice 35."""

    async def opened(self, principal=4_000, *, agree=True):
        self.customer = (await factories.customer(principal=principal)).id
        self.sku = (await factories.sku(2_500, stock=10)).id
        placed = await orders.place(self.customer, [orders.Wanted(self.sku, 4)], key=factories.key())
        self.no, self.bill_no = placed.order_no, placed.bill_no
        if agree:
            await self.agree()
        return self

    async def offer(self, count=3):
        return next(one for one in await self.offers() if len(one.parts) == count)

    async def offers(self):
        ways = await order_payments.ways(OPENED, self.customer, self.no, "browser")
        return [way.offer for way in ways if way.kind == "instalments"]

    async def agree(self, count=3, *, version=None, key=None):
        version = version or (await self.offer(count)).consent_version
        return await order_instalments.agree(
            self.customer, self.no, count=count, consent_version=version, locale="zh-CN", key=key or factories.key()
        )  # fmt: skip

    async def ship(self):
        await shipments.ship(BOSS, self.no, shipments.Parcel("顺丰", "SF1234567890"), key=factories.key())

    async def sent_back(self, quantity, **how):
        asked = await after_sales.apply(
            self.customer, self.no, "refund", {self.sku: quantity}, reason="破损", key=factories.key()
        )
        return await after_sales.refund(OPENED, BOSS, asked.return_no, key=factories.key(), **how)

    async def record(self):
        return await order_records.read(self.no)

    async def bill(self):
        return await bill_records.read(self.bill_no)

    async def parts(self):
        return [(part.amount_fen, part.state) for part in (await self.record()).instalments]

    async def balance(self):
        return sum(await factories.balance(self.customer))


async def test_what_is_offered_says_its_parts_and_what_is_agreed_to(db):
    shop = await Bought().opened(agree=False)
    three, six = await shop.offers()
    assert [part.amount_fen for part in three.parts] == [3_000, 3_500, 3_500] and len(six.parts) == 6
    assert three.parts[0].due_on == clock.today() < three.parts[1].due_on < three.parts[2].due_on
    assert "30.00" in three.consent_text("zh-CN") and "2 monthly parts" in three.consent_text("en")
    poor = await Bought().opened(2_999, agree=False)
    (way, _) = [
        one for one in await order_payments.ways(OPENED, poor.customer, poor.no, "browser") if one.offer
    ]
    assert (way.balance_fen, way.refusal.code) == (3_000, "insufficient_balance")
    terms.use(replace(terms.current(), order_instalments_from_fen=10_001))
    assert await shop.offers() == []
    terms.use(replace(terms.current(), order_instalments_from_fen=1))
    assert instalments_of_orders.offers(1) == [] and len(instalments_of_orders.offers(3)) == 1


async def test_the_first_part_is_taken_at_once_the_others_when_they_are_due(db):
    shop = await Bought().opened()
    record = await shop.record()
    assert (record.state, record.owed_fen, await shop.balance()) == ("paid", 7_000, 1_000)
    assert await shop.parts() == [(3_000, "paid"), (3_500, "open"), (3_500, "open")]
    last = record.history[-1]
    assert (last.step, last.by, last.note) == (
        "pay_in_parts",
        f"customer:{shop.customer}",
        "3 期 · 3 parts: 30.00 / 100.00",
    )
    assert (await due_bills.run()).charged == 0
    await shop.ship()
    await orders.receive(shop.customer, shop.no)
    await factories.topped_up(shop.customer, 9_000)
    assert await shop.balance() == 10_000, "nothing is due yet"
    for days, left in ((31, 6_500), (62, 3_000)):
        clock.set_offset(timedelta(days=days))
        assert (await due_bills.run()).charged == 1 and await shop.balance() == left
    record = await shop.record()
    assert (record.state, record.owed_fen) == ("completed", 0)
    assert (await shop.bill()).state == "paid"


async def test_later_parts_are_paid_as_any_bill_early_by_the_counter_or_a_channel(db):
    shop = await Bought().opened(9_000)
    await collecting.pay(shop.customer, shop.bill_no, key=factories.key())
    assert (await shop.record()).owed_fen == 3_500 and await shop.balance() == 2_500
    await counter.bill(1, shop.bill_no, counter.Taking("cash", None), amount_fen=500, key=factories.key())
    started = await combined.start(
        OPENED, shop.customer, shop.bill_no, combined.Wanted(1_000, "wechat_pay", "native"), key=factories.key()
    )  # fmt: skip
    assert await payments.confirm(factories.trade_of(started.payment)) == "settled"
    record = await shop.record()
    assert (record.state, record.owed_fen, await shop.balance()) == ("paid", 0, 1_500)
    await orders.cancel(shop.customer, shop.no)
    assert await shop.balance() == 1_500 + 6_500 + 1_000
    assert (await shop.bill()).refunded_fen == 7_500, "the channel's and the counter's share is on its way"


async def test_what_stands_in_the_way_leaves_the_order_as_it_was(db):
    shop = await Bought().opened(2_999, agree=False)
    for count, version, refusal in (
        (4, "p4-x", order_instalments.InstalmentsNotOffered),
        (3, "p3-x", order_instalments.ConsentOutdated),
        (3, None, order_instalments.InsufficientBalance),
    ):
        with pytest.raises(refusal):
            await shop.agree(count, version=version)
    await factories.topped_up(shop.customer, 1_001)
    await deduction_rules.add(
        name="大额", kind="size", params={"at_least_fen": 500}, action="hold", tells_customer=False
    )
    with pytest.raises(order_instalments.FirstPartNeedsReview):
        await shop.agree()
    bill = await bills.find(shop.bill_no)
    assert (bill.state, bill.collect_mode, bill.automatic, bill.pending_no) == ("open", "full", False, None)
    assert (await orders.get(shop.customer, shop.no)).state == "placed" and await shop.balance() == 4_000
    assert not await database.fetchval("SELECT count(*) FROM arrangement")
    with pytest.raises(bills.BillOfAnOrder):
        await instalments.preview(shop.bill_no, instalment_schedule.EqualParts(2, clock.today()))


async def test_agreeing_twice_at_once_takes_one_part_and_the_same_key_says_so(db):
    shop = await Bought().opened(9_000, agree=False)
    version = (await shop.offer()).consent_version
    made = await asyncio.gather(
        *(shop.agree(version=version, key=f"agree-to-it-{n % 2}") for n in range(6)),
        orders.pay(shop.customer, shop.no, key="pay-it-all-1"),
        return_exceptions=True,
    )
    assert {type(one) for one in made} <= {orders.Order, orders.OrderStateForbids}
    assert await shop.balance() in (6_000,)
    assert (await shop.record()).state == "paid"


async def test_cancelling_gives_back_what_was_paid_and_ends_what_is_owed(db):
    shop = await Bought().opened(9_000)
    await collecting.pay(shop.customer, shop.bill_no, key=factories.key())
    await orders.cancel(shop.customer, shop.no)
    bill = await shop.bill()
    assert (bill.state, bill.paid_fen, bill.refunded_fen) == ("void", 6_500, 6_500)
    assert await shop.balance() == 9_000 and (await shop.record()).owed_fen == 0
    clock.set_offset(timedelta(days=70))
    assert (await due_bills.run()).due == 0 and await shop.balance() == 9_000
    with pytest.raises(collecting.bills.BillNotOwed):
        await collecting.pay(shop.customer, shop.bill_no, key=factories.key())


async def test_an_operator_who_ends_it_gives_back_what_was_paid_by_then(db):
    terms.use(replace(terms.current(), approval_above_fen=2_999))
    shop = await Bought().opened(9_000)
    waiting = await order_review.withdraw(BOSS, shop.no, reason="缺货", key="end-it-1")
    await collecting.pay(shop.customer, shop.bill_no, key=factories.key())
    failed = await approvals.approve(2, waiting.approval_no, key=factories.key())
    assert (failed.state, failed.refusal["code"]) == ("failed", "more_than_agreed")
    waiting = await order_review.reject(BOSS, shop.no, reason="缺货", key="end-it-2")
    await approvals.approve(2, waiting.approval_no, key=factories.key())
    assert (await shop.record()).state == "cancelled" and await shop.balance() == 9_000


async def test_goods_that_come_back_first_lessen_what_is_owed(db):
    shop = await Bought().opened()
    await shop.ship()
    done = await shop.sent_back(1)
    assert (done.refund_fen, done.reduced_fen, done.refund_no) == (0, 2_500, None)
    assert await shop.parts() == [(3_500, "open"), (1_000, "open")] and await shop.balance() == 1_000
    assert await factories.told(shop.customer, "bill_reduced") == 1
    clock.set_offset(timedelta(days=31))
    await factories.topped_up(shop.customer, 3_000)
    await due_bills.run()
    assert await shop.balance() == 500 and (await shop.record()).owed_fen == 1_000
    done = await shop.sent_back(2)
    assert (done.refund_fen, done.reduced_fen, await shop.balance()) == (4_000, 1_000, 4_500)
    assert [(line.most_fen, line.refund_fen) for line in done.lines] == [(5_000, 5_000)]
    bill = await shop.bill()
    assert (bill.state, bill.amount_fen, bill.paid_fen, bill.refunded_fen) == ("paid", 6_500, 6_500, 4_000)
    done = await shop.sent_back(1)
    assert (done.refund_fen, done.reduced_fen, await shop.balance()) == (2_500, 0, 7_000)
    notes = [event.note for event in await orders_history.of_order((await shop.record()).id)]
    assert any(note and "25.00 从未付部分减去" in note for note in notes)


async def test_a_part_overdue_or_partly_paid_stays_so_when_the_rest_is_less(db):
    shop = await Bought().opened()
    await shop.ship()
    clock.set_offset(timedelta(days=40))
    await due_bills.run()  # 10 of 35 were there
    assert await shop.parts() == [(3_000, "paid"), (3_500, "overdue"), (3_500, "open")]
    await shop.sent_back(1)
    assert await shop.parts() == [(2_500, "overdue"), (1_000, "open")]
    await refunds.of_bill(OPENED, 1, shop.bill_no, amount_fen=500, reason="道歉", key=factories.key())
    await shop.sent_back(1, amount_fen=500)
    bill = await bills.find(shop.bill_no)
    assert (bill.automatic, bill.manual_because) == (False, "refunded"), "nobody takes it unasked again"
    assert await shop.parts() == [(2_500, "overdue"), (500, "open")]


async def test_cancelling_paying_off_and_the_clock_at_once_leave_books_that_balance(db):
    for n in range(3):
        clock.set_offset(timedelta(0))
        shop = await Bought().opened(20_000)
        clock.set_offset(timedelta(days=31))
        acts = [
            orders.cancel(shop.customer, shop.no),
            due_bills.run(),
            collecting.pay(shop.customer, shop.bill_no, amount_fen=7_000, key=f"pay-off-{n}"),
            counter.bill(
                1, shop.bill_no, counter.Taking("cash", None), amount_fen=100, key=f"at-counter-{n}"
            ),
        ]
        done = await asyncio.gather(*acts, return_exceptions=True)
        wrong = [one for one in done if isinstance(one, Exception) and not hasattr(one, "code")]
        assert not wrong
        bill = await shop.bill()
        waits = await database.fetchval(
            "SELECT coalesce(sum(refunding_fen), 0)::int FROM bill_payment WHERE bill_id = $1", bill.id
        )
        assert (await shop.record()).state == "cancelled"
        assert bill.refunded_fen + waits == bill.paid_fen and await shop.balance() == 20_000


async def test_a_refund_of_goods_and_a_part_at_once_take_no_fen_too_much(db):
    shop = await Bought().opened(20_000)
    await shop.ship()
    asked = await after_sales.apply(
        shop.customer, shop.no, "refund", {shop.sku: 2}, reason="破损", key=factories.key()
    )
    clock.set_offset(timedelta(days=31))
    done, *_ = await asyncio.gather(
        after_sales.refund(OPENED, BOSS, asked.return_no, key=factories.key()),
        due_bills.run(),
        collecting.pay(shop.customer, shop.bill_no, amount_fen=7_000, key="pay-off-1"),
        return_exceptions=True,
    )
    bill = await shop.bill()
    assert done.refund_fen + done.reduced_fen == 5_000
    assert bill.amount_fen + done.reduced_fen == 10_000 and bill.refunded_fen == done.refund_fen
    assert await shop.balance() == 20_000 - bill.paid_fen + bill.refunded_fen


async def test_operators_arrange_its_rest_anew_take_it_and_give_it_up(db):
    shop = await Bought().opened(9_000)
    await shop.ship()
    with pytest.raises(bills.BillOfAnOrder):
        await operator_bills.void(1, shop.bill_no, reason="x", key=factories.key())
    anew = instalments.Terms(
        instalment_schedule.EqualParts(7, clock.today() + timedelta(days=1), "week"), True, "v2", "七期", "phone"
    )  # fmt: skip
    await instalments.arrange(1, shop.bill_no, anew, key=factories.key())
    assert len(await shop.parts()) == 7
    await operator_bills.pay(1, shop.bill_no, amount_fen=2_000, key=factories.key())
    await instalments.cancel(1, shop.bill_no, reason="x", key=factories.key())
    assert (await shop.record()).owed_fen == 5_000 and await shop.parts() == []
    number = await write_offs.request(1, shop.bill_no, reason="收不回", key=factories.key())
    await approvals.approve(2, number, key=factories.key())
    assert (await shop.bill()).state == "written_off" and (await shop.record()).owed_fen == 0
    done = await shop.sent_back(1)
    assert (done.refund_fen, done.reduced_fen) == (0, 2_500), "what was given up comes first"
    done = await shop.sent_back(3)
    assert (done.refund_fen, done.reduced_fen) == (5_000, 2_500)
    assert (await shop.bill()).state == "paid" and await shop.balance() == 9_000


async def test_who_owes_parts_is_neither_merged_nor_leaves(db):
    shop, kept = await Bought().opened(), await factories.customer()
    assert "bill_partly_paid" in (await merges.preview(shop.customer, kept.id)).obstacles
    assert "bill_owed" in (await closings.preview(shop.customer)).obstacles
    await orders.cancel(shop.customer, shop.no)
    assert (await merges.preview(shop.customer, kept.id)).obstacles == ()
    assert (await closings.preview(shop.customer)).obstacles == ()


BREAKING = {
    "more taken off than came back": (
        "I11",
        "UPDATE bill SET reduced_fen = reduced_fen + 1, amount_fen = amount_fen - 1 WHERE reduced_fen > 0 AND state = 'partly_paid'",
    ),
    "less taken off": (
        "I11",
        "UPDATE after_sale SET reduced_fen = reduced_fen - 1, refund_fen = refund_fen + 1 WHERE reduced_fen > 1 AND refund_fen > 0",
    ),
    "delivered without an agreement": (
        "I11",
        "UPDATE arrangement SET state = 'withdrawn', consented_at = NULL, consent_channel = NULL, ended_at = created_at"
        " WHERE consented_at IS NOT NULL",
    ),
    "an arrangement that ended and came to more": (
        "I11",
        "UPDATE bill SET reduced_fen = 0 WHERE reduced_fen > 0",
    ),
    "parts that come to more": (
        "I11",
        "UPDATE instalment SET amount_fen = amount_fen + 1 WHERE part_no = 2",
    ),
    "cancelled, and not all of it went back": (
        "I11",
        "UPDATE bill_payment SET refunded_fen = refunded_fen - 1 WHERE refunded_fen = amount_fen",
    ),
    "an after-sale that says another amount": (
        "I8",
        "UPDATE after_sale SET reduced_fen = reduced_fen + 1 WHERE refund_fen > 0",
    ),
}


async def _busy():
    shop = await Bought().opened(9_000)
    await shop.ship()
    await shop.sent_back(1)
    whole = await Bought().opened(9_000)
    await whole.ship()
    await whole.sent_back(4)
    await orders.cancel((gone := await Bought().opened()).customer, gone.no)


async def test_the_proof_names_what_is_wrong_with_them_in_the_whole_and_in_what_is_new(db):
    await _busy()
    assert await proof.check() == []
    assert (await proof.run()).is_mark
    mark = await marks.last()
    await _busy()
    assert await proof.check(since=mark) == []
    assert await breaking.missed(BREAKING, mark) == []


async def test_what_is_taken_off_what_is_owed_adds_up_with_what_one_operator_gave_back_alone(db):
    price = terms.current().approval_above_fen * 6 // 10
    shop = Bought()
    shop.customer = (await factories.customer(principal=price * 4, named=True)).id
    shop.sku = (await factories.sku(price, stock=10)).id
    placed = await orders.place(shop.customer, [orders.Wanted(shop.sku, 4)], key=factories.key())
    shop.no, shop.bill_no = placed.order_no, placed.bill_no
    await shop.agree()
    await shop.ship()
    first = await shop.sent_back(1)
    assert (first.reduced_fen, first.refund_fen) == (price, 0)
    second = await shop.sent_back(1)
    assert second.approval_no is not None and second.reduced_fen == 0
    assert (await approvals.approve(2, second.approval_no, key=factories.key())).state == "executed"
    third = await shop.sent_back(1)
    assert third.approval_no is not None, (
        "what a second person agreed to is theirs; the first is still one's own"
    )
