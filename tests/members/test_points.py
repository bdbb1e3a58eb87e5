"""Points: earned, spent, given back, taken back, over, handed on; never below nothing, and each reference once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from billing import approvals, points_adjustments
from core import clock
from core import db as database
from ledger import proof
from members import points, points_debts, points_desk, points_ends, points_reminders, points_rules, tiers
from notifications import delivery
from tests import factories
from tests.notifications import messaging

RULE = points_rules.Rule(
    per_100_yuan=100, off_points=100, off_share_percent=50, bonus_points=200, bonus_days=None, life_days=30
)


async def ruled(**changes):
    return (await points_rules.put(replace(RULE, **changes), by="operator:1")).rule


async def someone(have=0, **how):
    customer = await factories.customer(**how)
    if have:
        await points_adjustments.adjust(1, customer.id, have, reason="开业礼", key=factories.key())
    return customer


async def has(customer):
    return (await points_desk.balance(customer.id)).points


async def in_one(act, *args, **how):
    async with database.transaction():
        return await act(*args, **how)


@pytest.mark.parametrize(("percent", "fen", "brought"), [(100, 12_345, 123), (150, 12_345, 185), (0, 12_345, 0), (100, 99, 0)])  # fmt: skip
async def test_what_is_paid_brings_points_by_the_rule_and_the_tier(db, percent, fen, brought):
    await tiers.put("gold", name_zh="金", name_en="Gold", rank=1, rule=tiers.Rule(points_percent=percent))
    customer = await someone(tier="gold")
    assert await factories.earn(customer.id, fen, "x:1") == 0, "without a rule there are no points"
    await ruled()
    assert await factories.earn(customer.id, fen, "x:1") == brought
    assert await factories.earn(customer.id, fen, "x:1") == 0, "once for what was paid"
    assert await has(customer) == brought


async def test_a_payment_brings_points_by_the_rule_that_was_in_force_however_late_it_is_counted(db):
    customer, before = await someone(), clock.now()
    clock.set_offset(timedelta(hours=1))
    await ruled()
    first = clock.now()
    clock.set_offset(timedelta(hours=2))
    await ruled(per_100_yuan=500)
    brought = [
        await factories.earn(customer.id, 10_000, f"pay:{nth}", at=at)
        for nth, at in enumerate((before, first, clock.now() - timedelta(minutes=1), clock.now()))
    ]
    assert brought == [0, 100, 100, 500]


async def test_what_ends_first_is_spent_first_and_returns_to_where_it_came_from(db):
    await ruled(life_days=10)
    customer = await someone(100)
    await ruled(life_days=5)
    await points_adjustments.adjust(1, customer.id, 50, reason="r", key=factories.key())
    assert await points_desk.balance(customer.id) == points_desk.Balance(
        150, 50, clock.start_of(clock.today() + timedelta(days=6))
    )
    await in_one(points.spend, customer.id, 70, "order:1", worth_fen=70)
    await in_one(points.spend, customer.id, 70, "order:1", worth_fen=70)
    found = await points_desk.balance(customer.id)
    assert (found.points, found.ending) == (80, 80)
    with pytest.raises(points.PointsShort):
        await in_one(points.spend, customer.id, 81, "order:2", worth_fen=81)
    assert await in_one(points.give_back, "order:1") == 70
    assert await in_one(points.give_back, "order:1") == 0 == await in_one(points.give_back, "order:none")
    found = await points_desk.balance(customer.id)
    assert (found.points, found.ending) == (150, 50)
    kinds = [one.kind for one in await points_desk.page(customer.id)]
    assert kinds == ["given_back", "spent", "adjusted", "adjusted"]
    first, rest = await points_desk.page(customer.id, limit=2), await points_desk.page(customer.id, limit=9)
    assert await points_desk.page(customer.id, before=first[-1].id) == rest[2:]


async def test_many_who_spend_at_once_spend_no_more_than_there_is(db):
    await ruled()
    customer = await someone(100)

    async def spend(nth):
        await in_one(points.spend, customer.id, 30, f"order:{nth}", worth_fen=30)

    done = await asyncio.gather(*map(spend, range(8)), return_exceptions=True)
    assert sum(one is None for one in done) == 3
    assert {type(one) for one in done} == {type(None), points.PointsShort}
    assert await has(customer) == 10


async def test_points_are_over_at_the_end_of_their_day_and_the_clock_takes_them_once(db):
    await ruled(life_days=1)
    customer = await someone(40)
    await in_one(points.spend, customer.id, 15, "order:1", worth_fen=15)
    clock.stand_at(clock.start_of(clock.today() + timedelta(days=2)) - timedelta(seconds=1))
    assert await points_ends.expire() == 0
    assert await has(customer) == 25
    clock.stand_at(clock.now() + timedelta(seconds=1))
    assert await has(customer) == 0, "also before the clock has looked"
    assert sum(await asyncio.gather(points_ends.expire(), points_ends.expire())) == 1
    assert await in_one(points.give_back, "order:1") == 15
    assert await has(customer) == 0
    assert await points_ends.expire() == 1
    assert [one.points for one in await points_desk.page(customer.id)] == [-15, 15, -25, -15, 40]


async def test_a_refund_takes_back_in_proportion_and_no_more_than_there_is(db):
    await ruled()
    customer = await someone()
    await factories.earn(customer.id, 10_000, "pay:1")

    async def back(in_all, nth):
        return await in_one(points.take_back, "pay:1", in_all, 10_000, because=f"refund:{nth}")

    assert (await back(3_333, 1), await back(3_333, 1), await back(5_000, 2)) == (33, 0, 17)
    await in_one(points.spend, customer.id, 40, "order:1", worth_fen=40)
    assert (await back(10_000, 3), await has(customer)) == (10, 0), "never below nothing"
    assert await back(10_000, 4) == 0
    assert await in_one(points.take_back, "pay:none", 1, 1, because="refund:9") == 0


async def owed(customer):
    return [(one.reference, one.owed) for one in await points_debts.open_of([customer.id])]


async def test_what_is_gone_is_owed_and_whatever_comes_pays_for_it_first(db):
    await ruled()
    customer = await someone()
    await factories.earn(customer.id, 10_000, "pay:1")
    await in_one(points.spend, customer.id, 100, "order:1", worth_fen=100)

    async def back(payment, in_all, nth):
        return await in_one(points.take_back, payment, in_all, 10_000, because=f"refund:{nth}")

    done = await asyncio.gather(*(back("pay:1", 3_000, 1) for _ in range(3)), back("pay:1", 6_000, 2))
    assert (done, await owed(customer)) == ([0] * 4, [("earned:pay:1", 60)]), "the same is owed once"
    assert (await back("pay:1", 9_000, 3), await owed(customer)) == (0, [("earned:pay:1", 90)])
    await factories.earn(customer.id, 2_000, "pay:2")
    assert (await has(customer), await owed(customer)) == (0, [("earned:pay:1", 70)])
    await asyncio.gather(
        points_adjustments.adjust(1, customer.id, 15, reason="r", key=factories.key()),
        points_adjustments.adjust(1, customer.id, 5, reason="r", key=factories.key()),
        back("pay:1", 10_000, 4),
    )
    assert (await has(customer), await owed(customer)) == (0, [("earned:pay:1", 60)])
    assert await in_one(points.give_back, "order:1") == 100
    assert (await has(customer), await owed(customer)) == (40, [])
    assert (await back("pay:1", 10_000, 5), await back("pay:2", 10_000, 6)) == (0, 20)
    assert await has(customer) == 20
    assert (await proof.check()) == []


@pytest.mark.parametrize("looked", [True, False])
async def test_what_was_over_unspent_is_not_taken_from_other_points(db, looked):
    await ruled(life_days=1)
    customer = await someone()
    await factories.earn(customer.id, 10_000, "pay:1")
    await in_one(points.spend, customer.id, 30, "order:1", worth_fen=30)
    clock.stand_at(clock.start_of(clock.today() + timedelta(days=2)))
    if looked:
        await points_ends.expire()
    await factories.earn(customer.id, 5_000, "pay:2")
    await in_one(points.take_back, "pay:1", 10_000, 10_000, because="refund:1")
    assert (await has(customer), await owed(customer)) == (20, []), "only what was spent"


async def test_what_is_owed_goes_with_a_merge_and_ends_with_a_closing(db):
    await ruled()
    gone, kept = await someone(), await someone(30)
    await factories.earn(gone.id, 10_000, "pay:1")
    await in_one(points.spend, gone.id, 100, "order:1", worth_fen=100)
    await in_one(points.take_back, "pay:1", 10_000, 10_000, because="refund:1")
    await in_one(points_ends.hand_over, gone.id, kept.id)
    await database.execute(
        "UPDATE customer SET state = 'merged', merged_into_id = $2 WHERE id = $1", gone.id, kept.id
    )
    assert (await has(kept), await owed(kept), await owed(gone)) == (0, [("earned:pay:1", 70)], [])
    await in_one(points.give_back, "order:1")
    assert (await has(kept), await owed(kept)) == (30, [])
    await factories.earn(kept.id, 10_000, "pay:2")
    await in_one(points.spend, kept.id, 130, "order:2", worth_fen=100)
    await in_one(points.take_back, "pay:2", 5_000, 10_000, because="refund:2")
    assert await owed(kept) == [("earned:pay:2", 50)]
    await in_one(points_ends.lapse, kept.id)
    await database.execute("UPDATE customer SET state = 'closed' WHERE id = $1", kept.id)
    await in_one(points.take_back, "pay:2", 10_000, 10_000, because="refund:3")
    assert await owed(kept) == []
    assert (await proof.check()) == []


async def test_an_order_takes_points_up_to_its_share(db):
    customer = await someone(0)
    assert await points.redeemable(customer.id, 1_000) == points.Off(0, 0, 0, 0)
    with pytest.raises(points.NoPoints):
        await points.redeemable(customer.id, 1_000, 5)
    await ruled(off_points=100, off_share_percent=50)
    await points_adjustments.adjust(1, customer.id, 700, reason="r", key=factories.key())
    assert await points.redeemable(customer.id, 1_000) == points.Off(700, 500, 500, 500)
    assert await points.redeemable(customer.id, 1_000, 0) == points.Off(700, 500, 0, 0)
    with pytest.raises(points.TooManyPoints):
        await points.redeemable(customer.id, 1_000, 501)
    with pytest.raises(points.PointsShort):
        await points.redeemable(customer.id, 1_000_000, 701)


@pytest.mark.parametrize("amount_fen", [1, 99, 100, 101, 12_345])
@pytest.mark.parametrize("off_points", [1, 7, 100, 999])
def test_the_most_points_stay_within_the_share(amount_fen, off_points):
    rule = replace(RULE, off_points=off_points, off_share_percent=50)
    assert rule.off_fen(rule.most_points(amount_fen)) <= amount_fen // 2


async def test_points_follow_a_merge_and_lapse_with_a_closing_however_late(db):
    await ruled()
    gone, kept = await someone(60), await someone(5)
    await in_one(points.spend, gone.id, 20, "order:1", worth_fen=20)
    async with database.transaction():
        await points_ends.hand_over(gone.id, kept.id)
        await database.execute(
            "UPDATE customer SET state = 'merged', merged_into_id = $2 WHERE id = $1", gone.id, kept.id
        )
    assert (await has(gone), await has(kept)) == (0, 45)
    await in_one(points.give_back, "order:1")
    await factories.earn(gone.id, 1_000, "pay:late")
    assert (await has(gone), await has(kept)) == (0, 75)
    assert await in_one(points.take_back, "pay:late", 1_000, 1_000, because="refund:1") == 10
    async with database.transaction():
        assert await points_ends.lapse(kept.id) == 65
        await database.execute("UPDATE customer SET state = 'closed' WHERE id = $1", kept.id)
    await factories.earn(gone.id, 1_000, "pay:later")
    assert (await has(gone), await has(kept)) == (0, 0)


async def test_an_operator_gives_and_takes_with_a_reason_once(db):
    customer, key = await someone(), factories.key()
    with pytest.raises(points_adjustments.NoPoints):  # nobody could say what they are worth
        await points_adjustments.adjust(1, customer.id, 30, reason="补录", key=key)
    await ruled(life_days=None)
    for _ in range(2):
        made = await points_adjustments.adjust(1, customer.id, 30, reason="补录", key=key)
        assert made == points_adjustments.Outcome(None, points_desk.Balance(30, 0, None))
    with pytest.raises(points_adjustments.KeyReused):
        await points_adjustments.adjust(1, customer.id, 31, reason="补录", key=key)
    with pytest.raises(points.PointsShort):
        await points_adjustments.adjust(1, customer.id, -31, reason="r", key=factories.key())
    assert (
        await points_adjustments.adjust(1, customer.id, -30, reason="r", key=factories.key())
    ).balance.points == 0
    with pytest.raises(points_desk.NoSuchCustomer):
        await points_adjustments.adjust(1, 404, 1, reason="r", key=factories.key())
    await database.execute("UPDATE customer SET state = 'closing' WHERE id = $1", customer.id)
    with pytest.raises(points_desk.CustomerHasLeft):
        await points_adjustments.adjust(1, customer.id, 1, reason="r", key=factories.key())


async def test_each_version_of_the_rule_is_kept(db):
    await ruled()
    await ruled(per_100_yuan=7)
    saved = await points_rules.history()
    assert [one.rule.per_100_yuan for one in saved] == [7, 100]
    assert await points_rules.history(before=saved[0].id) == saved[1:]
    assert (await points_rules.current()).per_100_yuan == 7


async def test_who_has_points_that_are_soon_over_is_told_once_for_each_day_while_there_are_any(db):
    customer, spender = await someone(), await someone()
    assert await points_reminders.remind() == 0
    for days in (3, 3, 9):
        await ruled(life_days=days, remind_days=4)
        for one in (customer, spender):
            await points_adjustments.adjust(1, one.id, 10, reason="r", key=factories.key())
    assert (await points_reminders.remind(), await points_reminders.remind()) == (2, 0)
    await in_one(points.spend, spender.id, 20, "order:1", worth_fen=20)
    await delivery.run(messaging.Sender().post(kinds=("points_expiring",)))
    rows = await database.fetch("SELECT customer_id, state, reason FROM outbox_message ORDER BY customer_id")
    assert [tuple(row)[0:3:2] for row in rows] == [(customer.id, None), (spender.id, "spent")]
    clock.set_offset(timedelta(days=6))
    assert await points_reminders.remind() == 2


async def test_points_worth_much_wait_for_a_second_person_and_small_ones_add_up(db):
    await ruled(off_points=100, bonus_points=50)  # 25 000 points are worth 500 yuan of bonus: the limit
    customer, key = await someone(), factories.key()

    async def adjust(points, by=1, key=None):
        made = await points_adjustments.adjust(
            by, customer.id, points, reason="r", key=key or factories.key()
        )
        return made.approval_no

    assert await adjust(20_000) is None and await adjust(25_000, by=2) is None
    asked = await adjust(5_001, key=key)
    assert asked == await adjust(5_001, key=key) is not None, "with what they did before"
    assert await adjust(25_001, by=3) is not None and await adjust(-5_001) is not None
    assert (await has(customer), await adjust(5_000)) == (45_000, None)
    assert (await approvals.get(asked)).amount_fen == 10_002
    with pytest.raises(approvals.OwnRequest):
        await approvals.approve(1, asked, key=factories.key())
    done = await asyncio.gather(
        *(approvals.approve(by, asked, key=factories.key()) for by in (2, 3)), return_exceptions=True
    )
    assert sorted(type(one) for one in done if isinstance(one, Exception)) == [approvals.ApprovalEnded]
    assert await has(customer) == 55_001
    last = (await points_desk.page(customer.id))[0]
    assert (last.reference, last.worth_fen, last.operator) == (f"adjusted:{asked}", 10_002, "operator:1")
    assert (await proof.check()) == []
    sized = await someone()
    split = [
        points_adjustments.adjust(4, sized.id, 10_000, reason="r", key=factories.key()) for _ in range(4)
    ]
    assert sum(one.approval_no is None for one in await asyncio.gather(*split)) == 2
