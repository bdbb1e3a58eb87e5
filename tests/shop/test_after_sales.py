"""After-sales: the table, its page, what each state refuses; money by lines, goods back and out again, two at once."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import approvals, merges, payments, refunds, spending, terms
from core import clock, sealed
from core import db as database
from ledger import moves
from members import points_rules
from shop import (
    after_sale_refunds,
    after_sale_states,
    after_sales,
    after_sales_shown,
    order_review,
    orders,
    orders_history,
    orders_shown,
    shipments,
    stock,
    tracking,
)
from tests import factories
from tests.billing import refunding

PAGE = Path(__file__).parents[2] / "docs" / "shop.md"
OPENED = factories.open_channels()
BOSS = order_review.By(1)


def test_the_page_shows_the_table():
    between = (
        PAGE.read_text("utf-8").split("test_after_sales.py -->\n", 1)[1].split("\n<!-- end of steps", 1)[0]
    )
    table = after_sale_states.as_table()
    assert between == table, f"the table of after-sales in docs/shop.md should be:\n{table}"


def test_the_table_is_sound():
    assert {rule.step for rule in after_sale_states.RULES} == set(after_sale_states.Step.__args__)
    named = {state for rule in after_sale_states.RULES for state in (*rule.was, rule.becomes)}
    assert named == set(after_sale_states.STATES)
    left = {state for rule in after_sale_states.RULES for state in rule.was}
    assert set(after_sale_states.STATES) - left == set(after_sale_states.ENDED)
    for step in after_sale_states.Step.__args__:
        assert len({rule.becomes for rule in after_sale_states.RULES if rule.step == step}) == 1


class Shop:
    """A customer who has got three of one SKU and one of another, paid from the balance."""

    price, other_price = 1_000, 2_500

    async def opened(self, *, pay=True):
        self.customer = (await factories.customer(principal=20_000, bonus=2_000)).id
        self.tea = (await factories.sku(self.price, stock=10)).id
        self.pot = (await factories.sku(self.other_price, stock=1)).id
        wanted = [orders.Wanted(self.tea, 3), orders.Wanted(self.pot, 1)]
        self.no = (await orders.place(self.customer, wanted, key=factories.key())).order_no
        if pay:
            await orders.pay(self.customer, self.no, key=factories.key())
            await self.ship()
        return self

    async def ship(self):
        await shipments.ship(BOSS, self.no, shipments.Parcel("顺丰", "SF1234567890"), key=factories.key())

    async def ask(self, kind="return", quantities=None, **how):
        how = {"reason": "破损", "key": factories.key()} | how
        made = await after_sales.apply(self.customer, self.no, kind, quantities or {self.tea: 1}, **how)
        return made.return_no

    async def take(self, step, number):
        acts = {
            "withdraw": lambda: after_sales.withdraw(self.customer, number, key=factories.key()),
            "reject": lambda: after_sales.reject(BOSS, number, reason="人为损坏", key=factories.key()),
            "approve": lambda: after_sales.approve(BOSS, number, note="寄回西湖店", key=factories.key()),
            "send_back": lambda: after_sales.send_back(
                self.customer, number, "中通", "ZT0000001", key=factories.key()
            ),
            "receive": lambda: after_sales.receive(BOSS, number, key=factories.key()),
            "refund": lambda: after_sales.refund(OPENED, BOSS, number, key=factories.key()),
            "send_anew": lambda: after_sales.send_anew(
                BOSS, number, "中通", "ZT0000002", key=factories.key()
            ),
        }
        return await acts[step]()

    async def at(self, state, kind="return"):
        number = await self.ask(kind)
        for step in ("end",) if (kind, state) == ("refund", "done") else _WAYS[state]:
            await self.take({"end": "send_anew" if kind == "exchange" else "refund"}.get(step, step), number)
        return number

    async def on_hand(self, sku):
        return (await stock.level(sku)).on_hand

    async def balance(self):
        return sum(await factories.balance(self.customer))


_WAYS = {
    "asked": (), "approved": ("approve",), "sent_back": ("approve", "send_back"), "received": ("approve", "receive"),
    "done": ("approve", "receive", "end"), "rejected": ("reject",), "withdrawn": ("withdraw",),
}  # fmt: skip


@pytest.fixture
async def shop(db):
    return await Shop().opened()


_CASES = [
    (kind, state)
    for kind in after_sale_states.KINDS
    for state in after_sale_states.STATES
    if kind != "refund"
    or state in ("asked", "done", "rejected", "withdrawn")  # money alone is neither sent back nor received
]


@pytest.mark.parametrize(("kind", "state"), _CASES)
async def test_what_the_table_does_not_allow_is_refused_and_the_rest_is_not(shop, kind, state):
    """Every step in every state: one that is allowed is taken in a transaction that is undone."""
    number = await shop.at(state, kind)
    for step in after_sale_states.Step.__args__:
        if step == "apply":
            continue
        before = await after_sales.get(number)
        assert before.state == state
        allowed = after_sale_states.allows(step, state, kind)
        try:
            async with database.transaction():
                after = await shop.take(step, number)
                assert allowed and after.state == after_sale_states.becomes(step), step
                raise _Undone
        except after_sales.AfterSaleStateForbids as refused:
            assert not allowed, step
            assert refused.params["state"] == state
        except _Undone:
            pass
        assert await after_sales.get(number) == before, step


class _Undone(Exception):
    pass


async def test_money_alone_goes_back_to_the_lots_and_both_histories_say_so(shop):
    before = await shop.balance()
    number = await shop.ask("refund", {shop.tea: 2})
    found = await shop.take("refund", number)
    assert (found.state, found.refund_fen, found.most_fen) == ("done", 2_000, 2_000)
    assert await shop.balance() == before + 2_000 and await shop.on_hand(shop.tea) == 7
    assert [event.step for event in await after_sales.events(found)] == ["apply", "refund"]
    order = await orders.get(shop.customer, shop.no)
    notes = [event.note for event in await orders_history.of_order(order.id) if event.step == "after_sale"]
    assert notes == [f"{number} apply: 破损", f"{number} refund"]
    assert await factories.told(shop.customer, "refunded") == 1
    assert (await refunds.get(found.refund_no)).reason == f"{number} 破损"


async def test_goods_that_come_back_can_be_sold_again_but_for_those_that_are_written_off(shop):
    number = await shop.ask("return", {shop.tea: 3, shop.pot: 1})
    await shop.take("approve", number)
    for tracking_no in ("ZT1", "ZT2"):
        await after_sales.send_back(shop.customer, number, "中通", tracking_no, key=factories.key())
    assert await factories.told(shop.customer, "after_sale_approved") == 1
    with pytest.raises(after_sales.NotReceived):
        await after_sales.receive(BOSS, number, written_off={shop.tea: 4}, key=factories.key())
    with pytest.raises(after_sales.NotReceived):
        await after_sales.receive(BOSS, number, written_off={999_999: 1}, key=factories.key())
    found = await after_sales.receive(BOSS, number, written_off={shop.tea: 1}, key=factories.key())
    assert [(line.restocked, line.written_off) for line in found.lines] == [(2, 1), (1, 0)]
    assert (await shop.on_hand(shop.tea), await shop.on_hand(shop.pot)) == (9, 1)
    assert (found.tracking_no, found.refund_fen) == ("ZT2", None)
    parcels = [
        row[0]
        for row in await database.fetch(
            "SELECT tracking_no FROM parcel WHERE carrier = 'zhongtong' ORDER BY id"
        )
    ]
    assert parcels == ["ZT1", "ZT2"]
    done = await after_sales.refund(OPENED, BOSS, number, amount_fen=5_000, key=factories.key())
    assert [line.refund_fen for line in done.lines] == [2_727, 2_273] and done.refund_fen == 5_000


async def test_an_exchange_takes_the_goods_out_of_the_stock_again_and_may_be_followed_by_another(shop):
    phone = sealed.seal("13800005678", f"{orders_shown.ADDRESS}.phone")
    await database.execute("UPDATE shop_order SET address = jsonb_build_object('phone', $1::text)", phone)
    number = await shop.at("done", "exchange")
    assert (
        await database.fetchval("SELECT phone_end FROM parcel WHERE tracking_no = 'ZT0000002'") == "5678"
    ), "some carriers say nothing without it"
    found = await after_sales.get(number)
    assert (found.state, found.refund_no, found.new_tracking_no) == ("done", None, "ZT0000002")
    assert await shop.on_hand(shop.tea) == 7 and await factories.told(shop.customer, "after_sale_sent") == 1
    again = await shop.ask("refund", {shop.tea: 3})
    assert (await shop.take("refund", again)).refund_fen == 3_000


async def test_of_an_exchange_that_is_out_of_stock_the_money_goes_back_instead(shop):
    number = await shop.ask("exchange", {shop.pot: 1})
    await shop.take("approve", number)
    await after_sales.receive(BOSS, number, written_off={shop.pot: 1}, key=factories.key())
    with pytest.raises(after_sales.OutOfStock):
        await shop.take("send_anew", number)
    assert (await after_sales.get(number)).state == "received"
    assert (await shop.take("refund", number)).refund_fen == 2_500
    with pytest.raises(after_sales.NotToBeReturned):
        await shop.ask("refund", {shop.pot: 1})


async def test_a_piece_is_in_one_after_sale_and_free_when_that_came_to_nothing(shop):
    first = await shop.ask("return", {shop.tea: 2})
    with pytest.raises(after_sales.NotToBeReturned) as refused:
        await shop.ask("refund", {shop.tea: 2})
    assert refused.value.params["left"] == 1
    second = await shop.ask("refund", {shop.tea: 1})
    await shop.take("reject", first)
    assert await factories.told(shop.customer, "after_sale_rejected") == 1
    await shop.take("withdraw", second)
    third = await shop.ask("refund", {shop.tea: 3})
    assert (await shop.take("refund", third)).refund_fen == 3_000
    assert len(await after_sales.page(customer_id=shop.customer, order_no=shop.no)) == 3


async def test_only_what_was_sent_in_time_and_is_theirs(db):
    shop = await Shop().opened(pay=False)
    await orders.pay(shop.customer, shop.no, key=factories.key())
    with pytest.raises(after_sales.NotToBeReturned):
        await shop.ask()
    await shop.ship()
    for wrong in ({shop.tea: 4}, {999_999: 1}):
        with pytest.raises(after_sales.NotToBeReturned):
            await shop.ask("return", wrong)
    stranger = await factories.customer()
    with pytest.raises(after_sales.NoSuchOrder):
        await after_sales.apply(
            stranger.id, shop.no, "return", {shop.tea: 1}, reason="x", key=factories.key()
        )
    number = await shop.ask()
    for act in (
        after_sales.withdraw(stranger.id, number, key=factories.key()),
        after_sales.get(number, customer_id=stranger.id),
    ):
        with pytest.raises(after_sales.NoSuchAfterSale):
            await act
    await orders.receive(shop.customer, shop.no)
    clock.set_offset(timedelta(days=terms.current().after_sales_days, minutes=1))
    with pytest.raises(after_sales.AfterSaleTooLate):
        await shop.ask()
    terms.use(replace(terms.current(), after_sales_days=0))
    assert await shop.ask()


async def test_a_shop_that_allows_less_by_now_takes_nothing_from_completed_orders(shop):
    await orders.receive(shop.customer, shop.no)
    allowed = terms.current().after_sales_days
    terms.use(replace(terms.current(), after_sales_days=1))
    clock.set_offset(timedelta(days=allowed - 1))
    assert await shop.ask()
    clock.set_offset(timedelta(days=allowed, minutes=1))
    with pytest.raises(after_sales.AfterSaleTooLate):
        await shop.ask()


async def test_not_more_than_a_few_at_once(shop, monkeypatch):
    monkeypatch.setattr(after_sales, "MOST_OPEN", 2)
    numbers = [await shop.ask() for _ in range(2)]
    with pytest.raises(after_sales.TooManyAfterSales):
        await shop.ask()
    await shop.take("withdraw", numbers[0])
    assert await shop.ask()


async def test_of_two_who_ask_for_the_last_pieces_at_once_one_has_them(shop):
    made = await asyncio.gather(
        *(shop.ask("refund", {shop.tea: 2}) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(one, str) for one in made) == 1
    assert {type(one) for one in made} == {str, after_sales.NotToBeReturned}


async def test_the_same_key_asks_and_refunds_once(shop):
    made = await asyncio.gather(*(shop.ask("refund", key="the-same-key") for _ in range(3)))
    assert len(set(made)) == 1
    with pytest.raises(after_sales.KeyReused):
        await shop.ask("refund", {shop.tea: 2}, key="the-same-key")
    done = await asyncio.gather(
        *(after_sales.refund(OPENED, BOSS, made[0], key="refund-it-once") for _ in range(3))
    )
    assert (
        len({one.refund_no for one in done}) == 1 and len(await refunds.page(customer_id=shop.customer)) == 1
    )


async def test_of_many_who_decide_at_once_one_does(shop):
    before = await shop.balance()
    number = await shop.ask("refund")
    steps = ["refund", "refund", "reject", "withdraw"] * 2
    done = await asyncio.gather(*(shop.take(step, number) for step in steps), return_exceptions=True)
    assert sum(not isinstance(one, Exception) for one in done) == 1
    assert all(
        isinstance(one, after_sales.AfterSaleStateForbids) for one in done if isinstance(one, Exception)
    )
    found = await after_sales.get(number)
    assert await shop.balance() == before + (found.refund_fen or 0)


async def test_goods_are_received_once_however_many_say_so(shop):
    number = await shop.at("sent_back")
    done = await asyncio.gather(*(shop.take("receive", number) for _ in range(4)), return_exceptions=True)
    assert sum(not isinstance(one, Exception) for one in done) == 1 and await shop.on_hand(shop.tea) == 8


async def test_never_more_than_was_paid_for_the_goods_nor_than_is_left_of_the_bill(shop):
    number = await shop.ask("refund", {shop.tea: 1})
    with pytest.raises(after_sale_refunds.MoreThanPaid):
        await after_sales.refund(OPENED, BOSS, number, amount_fen=1_001, key=factories.key())
    bill_no = (await orders.get(shop.customer, shop.no)).bill_no
    await refunds.of_bill(OPENED, 1, bill_no, amount_fen=5_000, reason="道歉", key=factories.key())
    done = await shop.take("refund", number)
    assert (done.state, done.refund_fen) == ("done", 500)
    assert (await after_sales.events(done))[-1].note == f"5.00 / 10.00 {after_sale_refunds._LESS}"
    assert await database.fetchval("SELECT refunded_fen FROM bill WHERE bill_no = $1", bill_no) == 5_500


@pytest.mark.parametrize("above", [None, 1_500])
async def test_goods_that_came_back_are_done_with_though_the_bill_was_refunded_otherwise(shop, above):
    number = await shop.ask("return", {shop.tea: 2})
    await shop.take("approve", number)
    await shop.take("receive", number)
    bill_no = (await orders.get(shop.customer, shop.no)).bill_no
    await refunds.of_bill(OPENED, 1, bill_no, amount_fen=5_500, reason="道歉", key=factories.key())
    before = await shop.balance()
    terms.use(replace(terms.current(), approval_above_fen=above or 10**6))
    done = await shop.take("refund", number)
    if above:
        assert (await approvals.approve(2, done.approval_no, key=factories.key())).state == "executed"
        done = await after_sales.get(number)
    assert (done.state, done.refund_fen, done.refund_no) == ("done", 0, None)
    assert await shop.balance() == before and [line.refund_fen for line in done.lines] == [0]
    assert after_sale_refunds._LESS in (await after_sales.events(done))[-1].note


async def test_an_empty_box_is_refused_after_it_was_received(shop):
    number = await shop.ask("return", {shop.pot: 1})
    await shop.take("approve", number)
    await after_sales.receive(BOSS, number, written_off={shop.pot: 1}, key=factories.key())
    found = await shop.take("reject", number)
    assert (found.state, found.reject_reason) == ("rejected", "人为损坏") and await shop.on_hand(
        shop.pot
    ) == 0
    assert await factories.told(shop.customer, "after_sale_rejected") == 1


async def test_above_the_shops_limit_a_second_person_agrees_first(shop):
    terms.use(replace(terms.current(), approval_above_fen=1_500))
    before = await shop.balance()
    number = await shop.ask("refund", {shop.tea: 2})
    waiting = await shop.take("refund", number)
    assert (waiting.state, waiting.refund_no) == ("asked", None) and waiting.approval_no
    for step in ("refund", "reject", "withdraw"):
        with pytest.raises(after_sales.AfterSaleStateForbids) as refused:
            await shop.take(step, number)
        assert refused.value.params["state"] == "waiting"
    await approvals.reject(2, waiting.approval_no, note="再看看", key=factories.key())
    again = await shop.take("refund", number)
    assert (await approvals.approve(2, again.approval_no, key=factories.key())).state == "executed"
    assert (await after_sales.get(number)).refund_fen == 2_000 and await shop.balance() == before + 2_000


async def test_what_was_paid_through_a_channel_goes_back_there(db):
    shop = await Shop().opened(pay=False)
    order = await orders.get(shop.customer, shop.no)
    await _paid_by_channel(order, balance_fen=1_500)
    await shop.ship()
    channel = refunding.Channel("paid_back")
    number = await shop.ask("refund", {shop.tea: 3, shop.pot: 1})
    done = await after_sales.refund(channel.open(), BOSS, number, key=factories.key())
    assert done.refund_fen == 5_500 and [sent.amount_fen for sent in channel.sent] == [4_000]
    assert (await refunds.get(done.refund_no)).state == "paid"
    assert await shop.balance() == 22_000


async def _paid_by_channel(order, *, balance_fen):
    started = await factories.combined_payment(order, balance_fen)
    assert await payments.confirm(factories.trade_of(started.payment)) == "settled"


@given(st.integers(0, 10**7), st.lists(st.integers(1, 5), min_size=1, max_size=8))
def test_whatever_comes_back_in_whatever_parts_comes_to_what_was_paid(net_fen, parts):
    ordered, claimed, claimed_fen = sum(parts), 0, 0
    for quantity in parts:
        share = after_sale_refunds.most(net_fen, ordered, claimed, claimed_fen, quantity)
        claimed, claimed_fen = claimed + quantity, claimed_fen + share
        assert 0 <= claimed_fen <= net_fen
        assert abs(share - net_fen * quantity / ordered) < 1
    assert claimed_fen == net_fen


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=9), st.integers(0, 1_000))
def test_less_than_all_is_spread_over_the_lines_and_none_gets_more_than_its_most(most, thousandths):
    amount = sum(most) * thousandths // 1_000
    shares = after_sale_refunds.spread(amount, most)
    assert sum(shares) == amount and all(0 <= one <= cap for one, cap in zip(shares, most, strict=True))


async def test_points_that_an_order_brought_go_with_its_money(db):
    rule = points_rules.Rule(
        per_100_yuan=100,
        off_points=100,
        off_share_percent=50,
        bonus_points=200,
        bonus_days=None,
        life_days=30,
    )
    await points_rules.put(rule, by="operator:1")
    shop = await Shop().opened()
    await spending.follow()
    assert await _points(shop.customer) == 55
    await shop.take("refund", await shop.ask("refund", {shop.tea: 3, shop.pot: 1}))
    await spending.follow()
    assert await _points(shop.customer) == 0


async def _points(customer_id):
    return await database.fetchval(
        "SELECT coalesce(sum(points), 0) FROM points_movement WHERE customer_id = $1", customer_id
    )


async def test_an_operator_of_one_store_has_nothing_to_do_with_anothers(shop):
    number = await shop.ask()
    of_a_store = order_review.By(1, frozenset({"west"}))
    for act in (
        after_sales.get(number, within=of_a_store.stores),
        after_sales.photo(number, 1, within=of_a_store.stores),
        after_sales.approve(of_a_store, number, key=factories.key()),
        after_sales.reject(of_a_store, number, reason="x", key=factories.key()),
        after_sales.receive(of_a_store, number, key=factories.key()),
        after_sales.refund(OPENED, of_a_store, number, key=factories.key()),
        after_sales.send_anew(of_a_store, number, "中通", "ZT0000001", key=factories.key()),
    ):
        with pytest.raises(after_sales.NoSuchAfterSale):
            await act
    assert await after_sales.page(within=of_a_store.stores) == []
    assert [one.return_no for one in await after_sales.page()] == [number]


async def test_an_open_after_sale_stands_in_the_way_of_a_merge_and_an_ended_one_does_not(shop):
    number, kept = await shop.ask(), await factories.customer()
    assert (await merges.preview(shop.customer, kept.id)).obstacles == ("after_sale_open",)
    with pytest.raises(merges.CannotMerge):
        await merges.request(1, shop.customer, kept.id, reason="同一个人", key=factories.key())
    await shop.take("withdraw", number)
    assert (await merges.preview(shop.customer, kept.id)).obstacles == ()


async def test_an_after_sale_asked_in_the_moment_of_a_merge_stops_it_or_is_refused(shop):
    kept = await factories.customer()
    number = await merges.request(1, shop.customer, kept.id, reason="同一个人", key=factories.key())
    merged, asked = await asyncio.gather(
        approvals.approve(2, number, key=factories.key()), shop.ask(), return_exceptions=True
    )
    is_gone = isinstance(asked, after_sales.CustomerHasLeft)
    assert merged.state == ("executed" if is_gone else "failed"), (merged, asked)
    assert len(await after_sales.page(customer_id=shop.customer)) == (0 if is_gone else 1)


async def test_who_merges_and_who_asks_for_an_after_sale_wait_for_each_other(shop):
    kept, is_locked = await factories.customer(), asyncio.Event()

    async def ask_then():
        await is_locked.wait()
        return await shop.ask()

    asking = asyncio.create_task(ask_then())  # outside of the transaction below
    async with database.transaction():
        await moves.lock(shop.customer, kept.id)
        is_locked.set()
        await asyncio.sleep(0.3)
        assert not asking.done()
    await shop.take("withdraw", await asking)
    number = await merges.request(1, shop.customer, kept.id, reason="同一个人", key=factories.key())
    assert (await approvals.approve(2, number, key=factories.key())).state == "executed"
    with pytest.raises(after_sales.CustomerHasLeft):
        await shop.ask()


async def test_a_parcel_of_somebody_else_is_not_followed_but_the_refused_one_and_one_for_several_are(shop):
    await tracking.watch("中通", "ZT-ANOTHERS")
    numbers = [await shop.ask() for _ in range(2)]
    for number in numbers:
        await shop.take("approve", number)
    with pytest.raises(after_sales.ParcelOfAnother):
        await after_sales.send_back(shop.customer, numbers[0], "中通", "ZT-ANOTHERS", key=factories.key())
    for number, parcel in (
        (numbers[0], ("顺丰", "SF1234567890")),
        (numbers[0], ("中通", "ZT1")),
        (numbers[1], ("中通", "ZT1")),
    ):
        sent = await after_sales.send_back(shop.customer, number, *parcel, key=factories.key())
        assert [trail.tracking_no for trail in await after_sales.trails(sent)] == [parcel[1]]


async def test_a_parcel_of_somebody_else_is_not_followed_by_another_spelling(shop):
    await tracking.watch("圆通速递", "YT-ANOTHERS")
    number = await shop.at("approved")
    for carrier, spelled in (("yuantong", "YT-ANOTHERS"), ("圆通", "yt-anothers"), ("yto", "Yt-Anothers")):
        with pytest.raises(after_sales.ParcelOfAnother):
            await after_sales.send_back(shop.customer, number, carrier, spelled, key=factories.key())
    sent = await after_sales.send_back(shop.customer, number, "sf", "sf1234567890", key=factories.key())
    assert [trail.tracking_no for trail in await after_sales.trails(sent)] == ["SF1234567890"]
    assert await database.fetchval("SELECT count(*) FROM parcel") == 2


async def test_few_numbers_are_taken_and_the_one_that_is_replaced_is_not_watched_further(shop):
    number = await shop.at("approved")

    async def said(tracking_no, carrier="中通"):
        await after_sales.send_back(shop.customer, number, carrier, tracking_no, key=factories.key())
        rows = await database.fetch(
            "SELECT tracking_no FROM parcel WHERE next_ask_at IS NOT NULL AND carrier <> 'shunfeng'"
        )
        return [row[0] for row in rows]

    for nth in range(5):
        assert await said(f"zt000{nth}") == [f"ZT000{nth}"]
    for one in (("ZT0005",), ("ZT0004", "圆通")):
        with pytest.raises(after_sales.TooManyParcels):
            await said(*one)
    assert await said("ZT0001", "ZTO") == ["ZT0001"], "said before, and under way again"
    assert await database.fetchval("SELECT count(*) FROM parcel WHERE carrier <> 'shunfeng'") == 5


async def test_a_list_of_one_state_reads_the_index_of_that_state(shop):
    rejected, asked = await shop.at("rejected"), await shop.ask()
    assert [one.return_no for one in await after_sales.page(states=["rejected"])] == [rejected]
    both = await after_sales.page(states=["rejected", "asked"])
    assert [one.return_no for one in both] == [asked, rejected]
    async with database.transaction():
        for off in ("seqscan", "bitmapscan", "sort"):
            await database.execute(f"SET LOCAL enable_{off} = off")
        plan = await database.fetch(
            f"EXPLAIN {after_sales_shown._PAGE_OF_STATE}", 2**62, ["rejected"], None, None, 21, None
        )
    assert any("after_sale_by_state" in row[0] for row in plan), plan
