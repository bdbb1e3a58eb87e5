"""Steps of holds that operators place: a deposit or pre-authorisation, captured once, let go, or left until it is over."""

from __future__ import annotations

from datetime import timedelta

from billing import operator_holds
from tests.model.shop import AMOUNTS
from tests.model.steps.step import a_key, pick, step

LASTS = (None, 10, 30, 1440, None, 4 * 1440, 0, 367 * 1440)


def place_hold(machine, customer, a, b, c):
    available = machine.model.accounts[customer].available
    amount = max(1, (AMOUNTS[a], available, available // 2, AMOUNTS[a], available + 1, 7, AMOUNTS[a], 1)[b])
    minutes, key = LASTS[c], a_key(machine, (a + c) % 8)
    expires_at = None if minutes is None else machine.now + timedelta(minutes=minutes)

    async def call():
        return await operator_holds.place(
            1, customer, amount_fen=amount, title="押金", expires_at=expires_at, key=key
        )

    ends = None if minutes is None else machine.model.now + minutes
    return step(call, lambda model, seen: model.place_hold(customer, amount, ends, key, seen))


def _hold(machine, a, b):
    """Mostly an operator's that is open."""
    known = machine.model.holds
    theirs = [number for number, one in known.items() if one.of_operator]
    still = [number for number in theirs if known[number].state == "open"]
    return pick(still if b < 5 and still else theirs if b < 7 else known, a) or "H-none"


def capture_hold(machine, customer, a, b, c):
    number = _hold(machine, a, b)
    held = machine.model.holds[number].amount if number in machine.model.holds else 1
    amount = max(1, (held, held // 2, 1, held, held // 3, held + 1, held - 1, held)[c])
    key = a_key(machine, (a + b) % 8)

    async def call():
        return await operator_holds.capture(1, number, amount_fen=amount, key=key)

    return step(call, lambda model, seen: model.capture_hold(number, amount, key))


def release_hold(machine, customer, a, b, c):
    number, key = _hold(machine, a, b), a_key(machine, c)

    async def call():
        return await operator_holds.release(1, number, key=key)

    return step(call, lambda model, seen: model.release_hold(number, key))


def _any(model, customer):
    return any(one.of_operator for one in model.holds.values())


NEEDS = {"capture_hold": (_any, "place_hold"), "release_hold": (_any, "place_hold")}
AT_ONCE = ("place_hold", "place_hold", "capture_hold", "capture_hold", "release_hold", "expire_holds")
EVERY = AT_ONCE
