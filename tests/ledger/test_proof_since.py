"""The incremental proof says of what changed what the whole proof says, and leaves the rest to it."""

import re

import asyncpg
import pytest

from billing import plan_actors, plan_pauses
from core import db as database
from ledger import posting, proof
from ledger.proof import checks, marks
from tests import factories
from tests.ledger import breaking
from tests.ledger.test_proof import BREAKING, a_busy_shop

ALWAYS_WHOLE = {"I4", "I13", "I14", "I16", "I26"}
"""Cheap however long the history is: so they are asked of everything each time."""


async def named(since):
    return {violation.invariant for violation in await proof.check(since=since)}


async def marked():
    assert (await proof.run()).is_mark
    return await marks.last()


async def among_new(statement, mark):
    """The statement, with the first rows of a table replaced by the first after the mark."""
    table = re.search(r"(?:UPDATE|DELETE FROM) (\w+)", statement)[1]
    first = await database.fetchval(f"SELECT min(id) FROM {table} WHERE id > $1", mark.last_ids.get(table, 0))
    statement = re.sub(r"\bid = (\d)\b", lambda found: f"id = {first + int(found[1]) - 1}", statement)
    return statement.replace(
        "min(id) FROM transfer", f"min(id) FROM transfer WHERE id > {mark.last_ids['transfer']}"
    )


async def test_every_way_to_break_them_is_named_in_the_whole_and_in_what_is_new(db):
    await a_busy_shop()
    mark = await marked()
    await a_busy_shop()
    assert await named(mark) == set() == await named(None)
    ways = {
        how: (invariant, await among_new(statement, mark)) for how, (invariant, statement) in BREAKING.items()
    }
    found = await breaking.named_by(ways, mark)
    assert [way for way, titles in found.items() if not titles] == []
    tried = {
        one.title for one in checks.ALL if one.invariant in {invariant for invariant, _ in ways.values()}
    }
    for scope in ("whole", "new"):
        speak = set().union(*(titles for (_, where), titles in found.items() if where == scope))
        assert tried - speak == BROKEN_ELSEWHERE, "a check that finds nothing stands unnoticed behind others"


BROKEN_ELSEWHERE = {
    "an order of which no more is sent and something is owed",  # tests/shop/test_order_steps.py
    "a review whose hold is not what its state says, or holds another amount",  # tests/billing/test_abnormal_deductions.py
    "a bill that waits for a review that does not wait for it, or the other way round",  # the same
    "a customer who paid a top-up twice and was not told, or has it back and was not told",  # tests/billing/test_paid_twice.py
    "a customer who is sent marketing and did not agree to it last",  # tests/notifications/test_wishes.py
    "a top-up or bill with a second attempt while the first is neither ended nor left by its customer",  # test_proof.py
}


async def test_what_is_broken_in_old_rows_is_left_to_the_whole_proof(db):
    await a_busy_shop()
    mark = await marked()
    ways = dict(list(BREAKING.items())[::4])  # the rule is one for all checks
    olds = {
        how: (invariant, await among_old(statement, mark)) for how, (invariant, statement) in ways.items()
    }
    await a_busy_shop()
    for how, (invariant, statement) in olds.items():
        async with breaking.undone(statement):
            assert invariant in await breaking.named(None), how
            assert await breaking.named(mark) == set(), how


async def among_old(statement, mark):
    """The statement, for the rows of a table that there are already."""
    if "max(id)" in statement:
        return statement.replace("FROM entry)", f"FROM entry WHERE id <= {mark.last_ids['entry']})")
    if re.search(r"\bid = \d|min\(id\)", statement):
        return statement
    table = re.search(r"(?:UPDATE|DELETE FROM) (\w+)", statement)[1]
    last = await database.fetchval(f"SELECT max(id) FROM {table}")
    return statement + (f" AND id <= {last}" if " WHERE " in statement else f" WHERE id <= {last}")


@pytest.mark.broken_books
@pytest.mark.parametrize("wrong", ["covers_from = covers_from - 3", "amount_fen = 1_000_000"])
async def test_old_periods_of_a_plan_to_which_something_was_done_are_looked_at_again(db, wrong):
    customer = await factories.customer()
    plan, other = [await factories.plan(customer.id, 900, cycle="weekly") for _ in range(2)]
    mark = await marked()
    actor = plan_actors.by_customer(customer.id)
    await plan_pauses.pause(actor, plan.id, key=factories.key())
    await plan_pauses.resume(actor, plan.id, key=factories.key())
    assert await named(mark) == set()
    await breaking.rewrite(f"UPDATE plan_period SET {wrong} WHERE plan_id = {other.id} AND period_no = 2")
    assert await named(mark) == set(), "nothing was done to that one"
    await breaking.rewrite(f"UPDATE plan_period SET {wrong} WHERE plan_id = {plan.id} AND period_no = 2")
    assert await named(mark) == {"I7"}


async def test_the_mark_knows_how_far_it_looked_and_the_next_proof_goes_on_from_it(db):
    customer = await factories.customer(principal=100)
    first = await proof.run(since_last=True)
    assert (first.since, first.transfers, first.postings, first.entries, first.is_mark) == (
        None,
        1,
        1,
        1,
        True,
    )
    await factories.topped_up(customer.id, 500, 50)
    second = await proof.run(since_last=True)
    assert second.since.last_ids["transfer"] == 1
    assert (second.transfers, second.postings, second.entries) == (1, 2, 1)
    third = await proof.run(since_last=True)
    assert (third.since.last_ids["transfer"], third.transfers) == (2, 0)
    assert "balanced (since" in str(third)
    assert (await proof.run()).transfers == 2


@pytest.mark.broken_books
async def test_a_failed_proof_leaves_no_mark(db):
    customer = await factories.customer(principal=100)
    before = await marked()
    await factories.topped_up(customer.id, 500)
    await breaking.rewrite("UPDATE account SET principal_fen = principal_fen + 1 WHERE kind = 'customer'")
    for _ in range(2):
        failed = await proof.run(since_last=True)
        assert failed.since == before and not failed.is_mark
        assert {violation.invariant for violation in failed.violations} == {"I2", "I9", "I15"}


async def test_with_a_transaction_open_a_proof_is_no_mark_and_the_late_rows_are_checked_later(
    db, database_url
):
    customer = await factories.customer(principal=100)
    late = await asyncpg.connect(database_url)
    try:
        begun = late.transaction()
        await begun.start()
        transfer = posting.Transfer(
            "late", "test", [posting.between_houses("house:fees", "house:revenue", 1)], operator="clock"
        )
        await late.fetch(posting._POST, *posting._columns([transfer]))
        await factories.topped_up(customer.id, 500)
        open_one = await proof.run(patience_s=0.1)
        assert (open_one.violations, open_one.is_mark) == ((), False)
        assert await marks.last() is None
        await begun.commit()
    finally:
        await late.close()
    assert (await proof.run(patience_s=0)).is_mark
    assert (await marks.last()).last_ids["transfer"] == 3


async def test_proofs_are_told_of_from_the_last_that_looked_at_everything(db):
    """Whatever is whole without looking at due work, or looks at due work among what is new, says nothing of the rest."""
    for _ in range(2):
        await proof.run(freshness=True)
    await proof.run(freshness=True, since_last=True)
    await proof.run()
    await proof.run(since_last=True)
    assert [(one.whole, one.freshness) for one in await marks.recent()] == [
        (True, True), (False, True), (True, False), (False, False),
    ]  # fmt: skip


async def test_its_cost_does_not_grow_with_the_history(db):
    """Counted in rows and index entries read, not in seconds."""
    customer = await factories.customer(principal=1_000)
    await posting.post([
        posting.Transfer(f"old:{n}", "test", [posting.between_houses("house:fees", "house:revenue", 1)], operator="clock")
        for n in range(5_000)
    ])  # fmt: skip
    for _ in range(20):
        other = await factories.customer(principal=100)
    await database.execute("ANALYZE")
    mark = await marked()
    await factories.topped_up(customer.id, 500)
    await factories.topped_up(other.id, 500)
    assert await rows_read(mark) < 1_500 < 5_000 < await rows_read(None)


async def rows_read(since):
    async with database.transaction():
        before = await database.fetchrow(READ)
        for one in checks.ALL:
            if not one.needs_clock:
                await proof._offenders(one, since)
        after = await database.fetchrow(READ)
    return after[0] - before[0]


READ = """
SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables
WHERE relname IN ('transfer', 'posting', 'entry', 'lot')
"""


def test_only_these_are_always_whole():
    whole = {one.invariant for one in checks.ALL if one.since is None and one.since_sql is None}
    assert whole == ALWAYS_WHOLE
