"""Two customers turn out to be one: money, identities, plans and bills follow, whatever happens at the same time or later."""

import asyncio

import pytest

from billing import approvals, bills, collecting, deductions, merges, payments, plans, standing, top_ups
from core import db as database
from ledger import accounts, history
from members import chat, customers, sign_in
from shop import orders
from tests import factories
from tests.ledger import breaking

ASKS, DECIDES = 1, 2


async def asked(gone, kept, **more):
    return await merges.request(
        ASKS, gone.id, kept.id, reason="同一个人", key=more.get("key") or factories.key()
    )


async def merged(gone, kept):
    return await approvals.approve(DECIDES, await asked(gone, kept), key=factories.key())


async def two():
    gone = await factories.customer("小林旧号", principal=1_000, bonus=300, bonus_days=5)
    return gone, await factories.customer("小林", principal=50)


async def test_all_of_one_account_becomes_the_others(db):
    gone, kept = await two()
    plan = await factories.plan(gone.id, 5_000)
    await deductions.run_due()
    await database.execute(
        "INSERT INTO identity (customer_id, provider, app_id, subject, follows, created_at)"
        " VALUES ($1, 'official_account', 'wx', 'o1', true, now())",
        gone.id,
    )
    seen = await merges.preview(gone.id, kept.id)
    assert (seen.principal_fen, seen.bonus_fen, seen.identities, seen.plans, seen.bills, seen.obstacles) == (
        1_000, 300, 1, 1, 1, (),
    )  # fmt: skip
    done = await merged(gone, kept)
    assert done.state == "executed", done
    one = await merges.get(done.result)
    assert (one.gone_id, one.kept_id, one.principal_fen, one.bonus_fen, one.approval_no) == (
        gone.id, kept.id, 1_000, 300, done.approval_no,
    )  # fmt: skip
    assert await merges.page() == [one]
    assert await factories.balance(gone.id) == (0, 0)
    assert await factories.balance(kept.id) == (1_050, 300)
    assert (await customers.get(gone.id)).state == "merged"
    assert await chat.customer_of("wx", "o1") == kept.id
    (owed,) = await bills.page(kept.id, states=bills.OWED)
    assert owed.source == f"plan:{plan.id}:0"
    await factories.topped_up(kept.id, 5_000)
    assert await bills.page(kept.id, states=bills.OWED) == [], "what was owed is charged to who is kept"
    assert (await history.page(gone.id))[0].kind == "merge_out", "history stays"
    with pytest.raises(sign_in.CustomerGone):
        await sign_in.admitted(gone.id)


async def test_what_would_move_is_counted_each_by_itself(db):
    gone, kept = await two()
    for _ in range(2):
        await factories.top_up(gone.id, 100)
    for fen in (100, 200, 300):
        await factories.bill(gone.id, fen)
    await factories.order(gone.id, 100)
    seen = await merges.preview(gone.id, kept.id)
    assert (seen.plans, seen.bills, seen.pending_top_ups, seen.unpaid_orders) == (0, 3, 2, 1)


@pytest.mark.parametrize("obstacle", ["customer_not_active", "bill_partly_paid"])
async def test_what_stands_in_the_way_is_named_and_looked_at_again_by_who_decides(db, obstacle):
    gone, kept = await two()
    number = await asked(gone, kept)
    if obstacle == "customer_not_active":
        await database.execute("UPDATE customer SET state = 'blocked' WHERE id = $1", kept.id)
    else:
        async with database.transaction():
            new = bills.NewBill(gone.id, "茶会", "x:1", 5_000, gone.created_at, collect_mode="partial")
            (bill,) = await bills.issue([new])
            await collecting.collect([bill], operator="clock")
    assert (await merges.preview(gone.id, kept.id)).obstacles == (obstacle,)
    with pytest.raises(merges.CannotMerge):
        await asked(gone, kept)
    failed = await approvals.approve(DECIDES, number, key=factories.key())
    assert (failed.state, failed.refusal["code"]) == ("failed", "cannot_merge")
    assert (await customers.get(gone.id)).state == "active"


async def test_nobody_is_merged_with_themselves_or_with_nobody(db):
    gone, _ = await two()
    with pytest.raises(merges.NothingToMerge):
        await asked(gone, gone)
    with pytest.raises(merges.NoSuchCustomer):
        await merges.preview(gone.id, 404)
    with pytest.raises(merges.NoSuchMerge):
        await merges.get("J0")


async def test_money_that_comes_late_follows_also_over_several_merges(db):
    gone, kept = await two()
    last = await factories.customer("终")
    waiting = await factories.top_up(gone.id, 700, 70)
    sku = await factories.sku(400)
    order = await orders.place(gone.id, [orders.Wanted(sku.id, 1)], key=factories.key())
    await orders.pay(gone.id, order.order_no, key=factories.key())
    await merged(gone, kept)
    await merged(kept, last)
    assert await payments.confirm(factories.trade(waiting)) == "credited"
    await orders.cancel(gone.id, order.order_no)
    assert await factories.balance(last.id) == (1_750, 370)
    assert await factories.balance(gone.id) == (0, 0) == await factories.balance(kept.id)
    assert await standing.heir(gone.id) == last.id
    kinds = [
        row[0]
        for row in await database.fetch("SELECT kind FROM outbox_message WHERE customer_id = $1", last.id)
    ]
    assert kinds.count("merged") == 3


async def test_a_merge_a_top_up_a_due_run_and_a_payment_at_once(db):
    for _ in range(3):
        gone, kept = await two()
        waiting = await factories.top_up(gone.id, 700)
        await factories.plan(gone.id, 100)
        number = await asked(gone, kept)
        sku = await factories.sku(10)
        order = await orders.place(gone.id, [orders.Wanted(sku.id, 1)], key=factories.key())
        said = await asyncio.gather(
            approvals.approve(DECIDES, number, key=factories.key()),
            payments.confirm(factories.trade(waiting)),
            deductions.run_due(),
            orders.pay(gone.id, order.order_no, key=factories.key()),
            factories.topped_up(kept.id, 11),
            return_exceptions=True,
        )
        problems = [one for one in said if isinstance(one, BaseException)]
        assert all(isinstance(one, orders.InsufficientBalance) for one in problems), problems
        assert said[0].state == "executed", said[0]
        await deductions.run_due()
        await merges.follow_late()
        assert await factories.balance(gone.id) == (0, 0)
        spent = 100 + (0 if problems else 10)
        assert sum(await factories.balance(kept.id)) == 1_300 + 50 + 700 + 11 - spent
        assert await top_ups.page(gone.id)


async def test_what_was_made_at_the_very_moment_of_a_merge_follows(db):
    gone, kept = await two()
    plan = await factories.plan(kept.id, 100)
    await merged(gone, kept)
    await database.execute("UPDATE plan SET customer_id = $1", gone.id)  # as if it had begun unseen
    assert await merges.follow_late() == 1
    await deductions.run_due()
    assert await factories.balance(kept.id) == (1_050, 200)
    assert await merges.follow_late() == 0
    assert (await plans.get(kept.id, plan.id)).customer_id == kept.id
    assert (await accounts.balance(gone.id)).balance_fen == 0


_FORMER = """
INSERT INTO customer (name, locale, state, merged_into_id, created_at)
SELECT '旧', 'zh-CN', 'merged', (SELECT min(id) FROM customer), now() FROM generate_series(1, 500)
"""
_SETTLED = """
INSERT INTO bill (bill_no, customer_id, title, source, amount_fen, paid_fen, refunded_fen, state, collect_mode, automatic, due_at, created_at, voided_at)
SELECT 'B' || n, c.id, '学费', 'operator:B' || n, 1, 0, 0, 'void', 'full', false, now(), now(), now()
FROM customer c, generate_series(c.id * 100, c.id * 100 + 99) AS n WHERE c.state = 'merged'
"""


async def test_what_is_left_to_follow_is_not_looked_for_among_all_bills_there_ever_were(db):
    await factories.customer()
    async with breaking.undone(_FORMER, _SETTLED):
        await database.execute("ANALYZE bill, customer")
        plan = "\n".join(row[0] for row in await database.fetch(f"EXPLAIN {merges._LEFT}", 100))
    listed = ("bill_owed", "bill_due", "bill_collect")
    assert "Seq Scan on bill" not in plan and any(f"{name} on bill" in plan for name in listed), plan
