"""Every step there is: the desk call the shop is asked, and what the model says to it.

``make(machine, name, who, a, b, c)`` turns drawn numbers into one step. ``parts`` are the transactions it consists of.
A file a topic; each says what may happen at any time (``EVERY``), what at the same time as anything else (``AT_ONCE``), and
what there must be first (``NEEDS``: otherwise another step is done instead).
"""

from __future__ import annotations

from tests.model.shop import CUSTOMERS
from tests.model.steps import (
    accounts,
    bills,
    combined,
    counter,
    credit,
    holds,
    leaving,
    operators,
    orders,
    plans,
    refunds,
    reviews,
    shop_terms,
    top_ups,
)

TOPICS = (
    accounts, bills, combined, counter, credit, holds, leaving, operators, orders, plans, refunds, reviews, shop_terms, top_ups,
)  # fmt: skip
AT_ONCE = tuple(name for topic in TOPICS for name in topic.AT_ONCE)
EVERY = tuple(name for topic in TOPICS for name in topic.EVERY)
NEEDS = {name: need for topic in TOPICS for name, need in topic.NEEDS.items()}
BY_THE_BOOKS = ("grant", "spend", "hold", "capture", "release")
"""No desk stands before these, so they are only done to customers who are there."""
NOT_WHILE_LEAVING = (*BY_THE_BOOKS, "due", "issue", "subscribe")
"""What at the same time as a merge or closing may be left to the clock, or has no desk that would see it."""

NOT_AGAIN = ("issue",)
"""What is not asked again later: by then its key may be forgotten, and its bill would be another of the same name."""


def of(about):
    """What may happen in an example that is about some topics: at any time, and at the same time. Money comes in anyway."""
    chosen = [accounts, top_ups, *(TOPICS[number] for number in about)]
    every = [name for topic in chosen for name in topic.EVERY]
    return every, [name for topic in chosen for name in topic.AT_ONCE]


def about_reviews(about):
    """There is nothing to review without rules."""
    return TOPICS.index(reviews) in about


def make(machine, name, who, a, b, c, **more):
    if name in NEEDS and c < 7 and not NEEDS[name][0](machine.model, customer_for(machine, name, who, b)):
        name, c = NEEDS[name][1], 5  # there is nothing yet that this could be done to
    found = next(getattr(topic, name) for topic in TOPICS if hasattr(topic, name))
    step = found(machine, customer_for(machine, name, who, b), a, b, c, **more)
    step.name, step.asked = name, (who, a, b, c)
    return step


def customer_for(machine, name, who, b):
    """Who was merged mostly comes as the customer they are now; who left for good mostly does not come."""
    customer = machine.people[who % CUSTOMERS]
    state = machine.model.accounts[customer].state
    if state == "merged" and (b < 6 or name in BY_THE_BOOKS):
        return machine.model.heir(customer)
    if state in ("closing", "closed") and (b < 4 or name in BY_THE_BOOKS):
        return machine.people[0]
    return customer


def is_of_leaving(machine, step):
    """Whether it may carry out a merge or a closing."""
    waiting = machine.model.approvals.values()
    return step.name == "decide" and any(
        one.kind in ("merged", "closing") and one.state == "waiting" for one in waiting
    )
