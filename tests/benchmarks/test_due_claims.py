"""A batch of the due run reads what it takes and no more, whatever else is due and however many plans there are."""

import pytest

from benchmarks import due_shop
from billing import due_periods, due_runs
from core import clock
from core import db as database


@pytest.fixture
async def many_due(db):
    shop = due_shop.Shop(2_000)
    await shop.open()
    return await due_runs.begin()


async def test_a_claim_goes_by_the_index_and_by_keys_also_with_its_general_plan(many_due):
    for statement, given in (
        (due_periods._CLAIM, f"'{clock.today()}', {many_due}, 100"),
        (due_periods._WOULD_BE_CLAIMED, f"'{clock.today()}', {many_due}, 100"),
        (due_runs._FINISH, f"'{clock.today()}', now(), {many_due}"),
    ):
        async with database.transaction():
            await database.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            await database.execute("SET LOCAL random_page_cost = 4")  # whatever a key is thought to cost
            await database.execute(f"PREPARE next AS {statement}")
            plan = [row[0] for row in await database.fetch(f"EXPLAIN EXECUTE next({given})")]
            await database.execute("DEALLOCATE next")
        assert any("plan_period_due" in line and "Bitmap" not in line for line in plan), plan
        assert not any("Seq Scan on plan" in line or "Hash" in line for line in plan), plan


async def test_what_claims_and_charges_claims_by_the_index_and_keys_too(many_due):
    given = f"'{clock.today()}', {many_due}, 100, now(), '', '{clock.today()}', '{{}}', '{{}}'"
    async with database.transaction():
        await database.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await database.execute("SET LOCAL random_page_cost = 4")
        await database.execute(f"PREPARE taking AS {due_periods._CHARGE_NEXT}")
        plan = [row[0] for row in await database.fetch(f"EXPLAIN EXECUTE taking({given})")]
        await database.execute("DEALLOCATE taking")
    assert any("plan_period_due" in line and "Bitmap" not in line for line in plan), plan
    assert not any("Seq Scan on plan" in line for line in plan), plan


async def test_who_is_asked_about_is_found_first_where_only_they_are_meant(many_due):
    async with database.transaction():
        await database.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await database.execute(f"PREPARE theirs AS {due_periods._IDS_OF}")
        plan = [row[0] for row in await database.fetch(f"EXPLAIN EXECUTE theirs('{clock.today()}', '{{1}}')")]
        await database.execute("DEALLOCATE theirs")
    assert any("plan_customer" in line for line in plan), plan
