"""Steps of customers who leave: merges and closings asked for (the second person is in ``operators``), payouts, the clock."""

from __future__ import annotations

from billing import closings, merges, payouts
from tests.model.shop import AMOUNTS, CUSTOMERS
from tests.model.steps.step import a_key, pick, step


def _leaver(machine, customer):
    """Never the first one: somebody has to stay."""
    return customer if customer != machine.people[0] else machine.people[-1]


def merge(machine, customer, a, b, c):
    gone, key = _leaver(machine, customer), a_key(machine, c)
    kept = machine.people[a % CUSTOMERS]

    async def call():
        return await merges.request(1, gone, kept, reason="同一人", key=key)

    return step(call, lambda model, seen: model.ask_merge(gone, kept, key, seen))


def close(machine, customer, a, b, c):
    gone, key = _leaver(machine, customer), a_key(machine, c)

    async def call():
        return await closings.request(1, gone, reason="不来了", key=key)

    return step(call, lambda model, seen: model.ask_closing(gone, key, seen))


def pay_out(machine, customer, a, b, c):
    known = machine.model.closings
    number = pick(known, a) or "Z-none"
    there = machine.model.accounts[known[number].customer].of("principal") if number in known else 1
    amount = (None, None, None, max(1, there // 2), 1, there + 1, AMOUNTS[a], None)[b]
    key = a_key(machine, c)

    async def call():
        return (await payouts.at_counter(1, number, receipt_no="1", amount_fen=amount, key=key)).state

    return step(call, lambda model, seen: model.pay_out(number, amount, key))


def finish_paid(machine, customer, a, b, c):
    async def call():
        await closings.finish_paid()  # how many is not asked: accounts of other examples are looked at too

    return step(call, lambda model, seen: model.finish_paid())


def follow_late(machine, customer, a, b, c):
    """There is nothing to follow, because all did at once."""

    async def call():
        await merges.follow_late()

    return step(call, lambda model, seen: None)


NEEDS = {"pay_out": (lambda model, customer: model.closings, "close")}
AT_ONCE = ("merge", "close", "pay_out", "decide", "decide")
EVERY = (*AT_ONCE, "decide", "finish_paid", "follow_late", "pay_out")
