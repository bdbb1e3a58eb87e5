"""Everything that can be done to one plan, at the same moment, on real PostgreSQL. The proof after each test says the rest."""

import asyncio
import random
from datetime import timedelta

import pytest

from billing import deductions, horizon, plan_notices, plan_pauses, plan_prices, plan_usage, plans
from core import clock, errors
from core import db as database
from tests import factories
from tests.billing.planning import SHOP, offer, outcomes, start, states, taken_fen

key = factories.key


def go(days):
    clock.set_offset(timedelta(days=days))


async def at_once(*acts):
    """What each answered: its value, or the code of its refusal. Anything else is a failure."""
    answers = await asyncio.gather(*acts, return_exceptions=True)
    for one in answers:
        if isinstance(one, BaseException) and not isinstance(one, errors.DomainError):
            raise one
    return [one.code if isinstance(one, errors.DomainError) else one for one in answers]


async def charged_fen(plan_id):
    return await database.fetchval(
        "SELECT coalesce(sum(amount_fen), 0)::bigint FROM plan_period WHERE plan_id = $1 AND state = 'charged'",
        plan_id,
    )


@pytest.mark.parametrize("seed", range(4))
async def test_pause_due_run_cancel_skip_and_price_at_once_leave_every_period_one_end(db, seed):
    customer = await factories.customer(principal=100_000)
    on_pause = ("waive", "shift")[seed % 2]
    plan_id = await start(customer, "daily", 100, most_fen=500, on_pause=on_pause, notice_days=2)
    go(3)
    acts = [
        deductions.run_due(), deductions.run_due(batch=1), horizon.run(), plan_notices.run(),
        plan_pauses.pause(SHOP, plan_id, key=key()), plan_pauses.resume(SHOP, plan_id, key=key()),
        plan_pauses.skip(SHOP, plan_id, 3, key=key()), plan_pauses.skip(SHOP, plan_id, 4, key=key()),
        plan_prices.announce(1, plan_id, amount_fen=200, from_on=clock.today() + timedelta(days=30), key=key()),
        plans.stop(SHOP, plan_id, when=("now", "period_end")[seed // 2]),
    ]  # fmt: skip
    random.Random(seed).shuffle(acts)
    await at_once(*acts)
    for day in (4, 5):
        go(day)
        await horizon.run()
        await deductions.run_due()
    assert await taken_fen(customer) == await charged_fen(plan_id) <= 600
    assert [state for days, _, state, _ in await outcomes(plan_id) if days <= 0 and state == "upcoming"] in (
        [],
        ["upcoming"] * 2,
    )
    if (await plans.one(plan_id)).state == "paused":
        await plan_pauses.resume(SHOP, plan_id, key=key())
        await deductions.run_due()
    assert not [one for one in await outcomes(plan_id) if one[0] < 0 and one[2] == "upcoming"]


async def test_several_horizons_at_once_make_each_period_once(db):
    everyone = [await start(await factories.customer(), "daily") for _ in range(8)]
    go(30)
    made = await at_once(*(horizon.run(batch=2) for _ in range(4)))
    assert sum(made) == 8 * 30
    for plan_id in everyone:
        assert len(await outcomes(plan_id)) == 66


async def test_horizon_subscribe_and_cancel_at_once(db):
    made = await offer("daily", 100)
    everyone = [await factories.customer(principal=1_000) for _ in range(6)]

    async def come_and_go(customer):
        plan = await plans.subscribe(customer.id, offer_id=made.id, consent_version="1", key=key())
        await plans.cancel(customer.id, plan.id)
        return plan.id

    answers = await at_once(
        *map(come_and_go, everyone),
        *(horizon.run() for _ in range(3)),
        *(deductions.run_due() for _ in range(3)),
    )
    go(2)
    await horizon.run()
    await deductions.run_due()
    for plan_id, customer in zip(answers[:6], everyone, strict=True):
        assert set(await states(plan_id)) <= {"waived", "charged"}
        assert (await factories.balance(customer.id))[0] == 1_000 - await charged_fen(plan_id)


async def test_the_same_click_three_times_at_once_is_one_change(db):
    plan_id, one_click = await start(await factories.customer(), "daily"), key()
    assert await at_once(*(plan_pauses.pause(SHOP, plan_id, key=one_click) for _ in range(3))) == [None] * 3
    again = key()
    assert await at_once(*(plan_pauses.resume(SHOP, plan_id, key=again) for _ in range(3))) == [None] * 3
    assert await at_once(plan_pauses.pause(SHOP, plan_id, key=key()), plan_pauses.pause(SHOP, plan_id, key=key())) in (
        [None, "plan_not_running"], ["plan_not_running", None],
    )  # fmt: skip


async def test_the_same_lesson_recorded_at_once_is_counted_once_and_a_late_one_not_lost(db):
    customer = await factories.customer(principal=10_000)
    plan_id = await start(customer, "daily", 100, unit="节", most_fen=900)
    said = {"units": 2, "used_on": clock.today(), "reference": "L1"}
    await at_once(*(plan_usage.record(1, plan_id, **said, key=key()) for _ in range(3)))
    go(1)
    late = {"units": 1, "used_on": clock.today() - timedelta(days=1), "reference": "L2"}
    recorded, _ = await at_once(plan_usage.record(1, plan_id, **late, key=key()), deductions.run_due())
    await deductions.run_due()
    expected = 200 if recorded == "period_not_ahead" else 300
    assert (await factories.balance(customer.id))[0] == 10_000 - expected


async def test_two_resumes_by_clock_and_hand_at_once_are_one(db):
    plan_id = await start(await factories.customer(principal=10_000), "daily", 100, on_pause="shift")
    await plan_pauses.pause(SHOP, plan_id, until=clock.today() + timedelta(days=2), key=key())
    go(2)
    await at_once(
        plan_pauses.resume_due(),
        plan_pauses.resume_due(),
        plan_pauses.resume(SHOP, plan_id, key=key()),
        deductions.run_due(),
    )
    await deductions.run_due()
    assert (await states(plan_id, 2)) == ["charged", "upcoming"]
