"""Steps of plans, and of the clock that takes what they owe."""

from __future__ import annotations

from dataclasses import replace

from billing import deductions, plans
from tests.model.shop import PLANS
from tests.model.steps.step import a_key, pick, step


def subscribe(machine, customer, a, b, c):
    nth = (2, 1, 2, 3, 0, 1, 2, 3)[a]
    offer = (10**9, None, None) if b == 7 else (machine.shop.offers[nth], *PLANS[nth])
    version, key = "2" if b == 6 else "1", a_key(machine, c)

    async def call():
        return (await plans.subscribe(customer, offer_id=offer[0], consent_version=version, key=key)).id

    return step(call, lambda model, seen: model.subscribe(customer, offer, version, key, seen))


def unsubscribe(machine, customer, a, b, c):
    known = machine.model.plans
    own = [number for number in known if known[number].customer == customer]
    number = pick(own if b < 7 else known, a) or 10**9

    async def call():
        await plans.cancel(customer, number)

    return replace(step(call, lambda model, seen: model.end_plan(customer, number)), plan=number)


def due(machine, customer, a, b, c, batch=None):
    size = batch or (500, 500, 1, 2)[a % 4]

    async def call():
        run = await deductions.run_due(batch=size)
        return run.due, run.charged

    def parts(model):
        ahead, rounds = model.copy(), 0
        while ahead.charge_round(size)[0]:
            rounds += 1
        return [lambda now, seen: now.charge_round(size)] * (rounds + 1)

    def passing_by(rounds, first, ended):
        passing = [lambda now, seen: now.charge_round(size, ended)] * first
        return passing + [lambda now, seen: now.charge_round(size)] * (rounds + 1 - first)

    return replace(step(call, more_parts=parts), passing_by=passing_by)


NEEDS = {
    "unsubscribe": (
        lambda model, customer: any(one.customer == customer for one in model.plans.values()),
        "subscribe",
    ),
}
AT_ONCE = ("subscribe", "unsubscribe", "due")
EVERY = AT_ONCE
