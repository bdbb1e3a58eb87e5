"""Steps on accounts themselves: grants, spends, holds, settings, and the clock's upkeep."""

from __future__ import annotations

from datetime import timedelta

from billing import expiry, operator_holds, upkeep
from ledger import accounts, holds, posting
from members import customers, settings
from tests.model.shop import AMOUNTS
from tests.model.steps.step import KINDS, pick, step

LASTS = (None, 10, 30, 1440, 4 * 1440, None, 60, 1)


def _code(customer):
    return accounts.of_customer(customer)


def _about_all(machine, customer, nth):
    """What is available now, a fen more or less, or what would be if nothing were held."""
    account = machine.model.accounts[customer]
    return max(1, account.available + (0, 0, 1, 1, -1, 0, account.held, account.held)[nth])


def _reference(machine, customer, c):
    return f"{machine.prefix}-{customer}-{0 if c < 4 else 10 + machine.number()}"


def grant(machine, customer, a, b, c):
    kind, lasts = KINDS[b % 2], LASTS[(b + c) % 8] if b % 2 else None
    reference = f"grant:{_reference(machine, customer, c)}"

    async def call():
        ends = None if lasts is None else machine.now + timedelta(minutes=lasts)
        leg = posting.credit(accounts.BONUS_COST, _code(customer), AMOUNTS[a], kind=kind, expires_at=ends)
        await posting.post_one(posting.Transfer(reference, "grant", [leg], operator="t"))

    return step(call, lambda model, seen: model.grant(customer, kind, AMOUNTS[a], lasts, reference))


def spend(machine, customer, a, b, c):
    kind, partial = (None, None, None, None, "principal", "bonus", None, "bonus")[b], b in (3, 6, 7)
    amount = _about_all(machine, customer, a) if b in (1, 6) else AMOUNTS[a]
    reference = f"spend:{_reference(machine, customer, c)}"

    async def call():
        leg = posting.debit(_code(customer), accounts.REVENUE, amount, kind=kind, partial=partial)
        await posting.post_one(posting.Transfer(reference, "spend", [leg], operator="t"))

    return step(call, lambda model, seen: model.spend(customer, amount, kind, partial, reference))


def hold(machine, customer, a, b, c):
    reference, lasts = f"{machine.prefix}-hold-{b if b < 3 else 10 + machine.number()}", LASTS[c]
    amount = _about_all(machine, customer, a) if b >= 6 else AMOUNTS[a]

    async def call():
        ends = None if lasts is None else machine.now + timedelta(minutes=lasts)
        await holds.place(_code(customer), reference=reference, amount_fen=amount, expires_at=ends)

    return step(call, lambda model, seen: model.hold(customer, reference, amount, lasts))


def _held(machine, a, b):
    known = machine.model.holds
    plain = [name for name in known if not known[name].of_operator]
    still = [name for name in plain if known[name].state == "open"]
    return pick(still if b < 5 and still else plain, a) or f"{machine.prefix}-hold-none"


def capture(machine, customer, a, b, c):
    reference = _held(machine, a, b)
    held = machine.model.holds[reference].amount if reference in machine.model.holds else 1
    amount = max(1, (held, held, held // 2, 1, held, held // 3, held + 1, held - 1)[c])

    async def call():
        await holds.capture(
            reference, amount_fen=amount, target=accounts.REVENUE, kind="hold_capture", operator="t"
        )

    return step(call, lambda model, seen: model.capture(reference, amount))


def release(machine, customer, a, b, c):
    reference = _held(machine, a, b)
    return step(lambda: holds.release(reference), lambda model, seen: model.release(reference))


def expire_holds(machine, customer, a, b, c):
    def parts(model):
        return [lambda now, seen, n=name: now.expire_hold(n) for name in model.holds_over()] or [
            lambda now, seen: 0
        ]

    return step(operator_holds.expire_due, more_parts=parts)


def expire_bonus(machine, customer, a, b, c):
    return step(expiry.expire_bonus, lambda model, seen: model.expire_bonus())


def set_up(machine, customer, a, b, c):
    policy, named, tier = accounts.POLICIES[a % 4], b % 2 == 0, "gold" if c % 2 else None

    def change(model, seen):
        account = model.accounts[customer]
        account.policy, account.named, account.tier = policy, named, tier

    chosen = settings.Settings(tier, named, policy)

    async def call():
        await settings.put(1, customer, chosen)

    return step(call, change)


def threshold(machine, customer, a, b, c):
    threshold = (None, 0, 1, 100, 500, 1000, 5000, 10_000)[a]

    def change(model, seen):
        model.accounts[customer].threshold = threshold

    async def call():
        await customers.set_threshold(customer, threshold)

    return step(call, change)


def forget_keys(machine, customer, a, b, c):
    async def call():
        await upkeep.forget_keys()

    return step(call, lambda model, seen: model.forget_keys())


def _holds_plainly(model, customer):
    return any(not one.of_operator for one in model.holds.values())


NEEDS = {
    "capture": (_holds_plainly, "hold"),
    "release": (_holds_plainly, "hold"),
}
AT_ONCE = ("grant", "spend", "hold", "capture", "release", "expire_holds")
EVERY = (*AT_ONCE, "expire_bonus", "set_up", "threshold", "forget_keys")
