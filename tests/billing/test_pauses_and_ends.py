"""Where a pause and an end, a price or a catching up meet: nobody pays for what they have not had, or twice as long as agreed."""

from datetime import timedelta

import pytest

from billing import deductions, plan_actors, plan_pauses, plans
from core import clock
from tests import factories
from tests.billing.planning import SHOP, start, states, taken_fen

DAY = timedelta(days=1)
key = factories.key


def go(days):
    clock.set_offset(days * DAY)


async def rich():
    return await factories.customer(principal=100_000, threshold_fen=None)


@pytest.mark.parametrize("on_pause", ["waive", "shift"])
async def test_ending_a_paused_plan_takes_nothing_that_fell_due_in_the_pause(db, on_pause):
    customer = await rich()
    plan_id = await start(customer, "daily", 100, on_pause=on_pause)
    go(1)
    await plan_pauses.pause(SHOP, plan_id, key=key())
    go(4)
    await plans.stop(plan_actors.by_customer(customer.id), plan_id)
    await deductions.run_due()
    assert await states(plan_id, 5) == ["charged"] + ["waived"] * 4 and await taken_fen(customer) == 100


async def test_ending_a_plan_whose_pause_is_over_takes_what_was_due_after_the_pause(db):
    customer = await rich()
    plan_id, actor = await start(customer, "daily", 100), plan_actors.by_customer(customer.id)
    await plan_pauses.pause(actor, plan_id, until=clock.today() + 2 * DAY, key=key())
    go(4)
    await plans.stop(actor, plan_id)
    await deductions.run_due()
    assert await states(plan_id, 5) == ["waived"] * 2 + ["charged"] * 2 + ["waived"]
