"""Steps of the counter: money an operator took, as a top-up or for a bill, and recordings that are undone."""

from __future__ import annotations

from billing import counter, counter_undo
from tests.model.shop import TERMS
from tests.model.steps.bills import number_of, some_of
from tests.model.steps.step import a_key, pick, step

FREE_AMOUNTS = (1, 1000, 3999, 4000, 4001, 0, 20_000, 7)
TENDERS = ("cash", "cash", "card", "transfer", "cheque", "cash", "card", "cash")


def _slip(machine, b, c):
    """(tender, number): cash has none, the others mostly one of their own."""
    tender = TENDERS[b]
    if c == 6 and b == 7:
        return tender, "1"
    if tender == "cash" or (c == 6 and b == 2):
        return tender, None
    return tender, f"{machine.prefix}-slip-{c % 2 if c < 3 else 10 + machine.number()}"


def take_top_up(machine, customer, a, b, c):
    package, asked = None, None
    if a < 3:
        package = (machine.shop.packages[a], TERMS[a])
    elif a < 5:
        package = machine.limited[(a + b + c) % len(machine.limited)]
    else:
        asked = FREE_AMOUNTS[(a + b + c) % 8]
    tender, reference = _slip(machine, b, c)
    key, terms = a_key(machine, (a + c) % 8), (*(package or (None, None)), asked)

    async def call():
        wish = counter.TopUpWish(customer, terms[0], asked)
        made = await counter.top_up(1, wish, counter.Taking(tender, reference), key=key)
        return _number(made), made.approval_no

    return step(
        call,
        lambda model, seen: model.top_up_at_counter(customer, terms, tender, reference, key, seen),
    )


def _number(made):
    return made.payment and made.payment.counter_no


def take_for_bill(machine, customer, a, b, c):
    known = machine.model.bills
    owed = [source for source, one in known.items() if one.customer == customer and one.is_owed]
    source = pick(owed if owed and a < 6 else known, a + b)
    bill_no, amount = number_of(machine, source), some_of(machine, source, c) if b % 2 else None
    tender, reference = _slip(machine, b, c)
    key = a_key(machine, (a + c) % 8)

    async def call():
        made = await counter.bill(1, bill_no, counter.Taking(tender, reference), amount_fen=amount, key=key)
        return _number(made), made.approval_no

    return step(call, lambda model, seen: model.bill_at_counter(source, amount, tender, reference, key, seen))


def undo_taking(machine, customer, a, b, c):
    known = machine.model.taken
    still = [number for number, one in known.items() if one.state == "taken"]
    number = pick([*reversed(still)] if still and b < 6 else known, a) or "N-none"
    key = a_key(machine, c)

    async def call():
        made = await counter_undo.undo(1, number, reason="记错了", key=key)
        return _number(made), made.approval_no

    return step(call, lambda model, seen: model.undo_taking(number, key, seen))


def _owed(model, customer):
    return any(one.customer == customer and one.is_owed for one in model.bills.values())


def _taken(model, customer):
    return bool(model.taken)


NEEDS = {"take_for_bill": (_owed, "issue"), "undo_taking": (_taken, "take_top_up")}
AT_ONCE = (
    "take_top_up",
    "take_top_up",
    "take_for_bill",
    "take_for_bill",
    "undo_taking",
    "undo_taking",
    "decide",
)
EVERY = (*AT_ONCE, "issue", "decide", "pay_out_refund")
