"""Steps of abnormal deductions: rules switched on and off, reviews approved, rejected or left until they are over."""

from __future__ import annotations

from billing import deduction_rules, reviews
from tests.model.books.bills import REVIEW
from tests.model.steps.step import a_key, pick, step


def switch_rule(machine, customer, a, b, c):
    number = pick(machine.model.rules, a)
    active = b < 5
    if number is None:
        return decide_review(machine, customer, a, b, c)

    async def call():
        await deduction_rules.change(number, active=active)

    def switch(model, seen):
        model.rules[number].active = active

    return step(call, switch)


def _review(machine, a, b):
    """Mostly one that waits: (source of its bill, which of the bill's, its number)."""
    known = machine.model.bills
    waiting = [source for source, one in known.items() if one.pending == REVIEW]
    source = pick(waiting if waiting and b < 7 else [name for name, one in known.items() if one.reviews], a)
    if source is None:
        return "none", 0, "Y-none"
    nth = len(known[source].reviews) - 1
    return source, nth, machine.known[source][3][nth]


def decide_review(machine, customer, a, b, c):
    source, nth, number = _review(machine, a, b)
    key, approved = a_key(machine, c if c < 2 and b == 7 else 7), c % 5 < 3

    async def call():
        await (reviews.approve if approved else reviews.reject)(1, number, key=key)

    def decide(model, seen):
        (model.approve_review if approved else model.reject_review)(source, nth, key)

    return step(call, decide)


def expire_reviews(machine, customer, a, b, c):
    def parts(model):
        over = [lambda now, seen, one=source: now.expire_review(one) for source in model.reviews_over()]
        return over or [lambda now, seen: 0]

    return step(reviews.expire_due, more_parts=parts)


def _waits(model, customer):
    return any(one.pending == REVIEW for one in model.bills.values())


NEEDS = {"decide_review": (_waits, "pay")}
AT_ONCE = (
    "decide_review",
    "decide_review",
    "expire_reviews",
    "place",
    "pay",
    "pay",
    "pay_bill",
    "cancel",
    "due",
)
EVERY = (*AT_ONCE, "switch_rule", "decide_review", "issue", "take_due_bills")
