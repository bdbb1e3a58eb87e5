"""Plans with any terms, for tests."""

from billing import plan_actors, plan_offers, plans, plans_ahead, schedule
from core import clock
from core import db as database
from tests import factories

SHOP = plan_actors.by_operator(1)
"""An operator."""


async def offer(rule="monthly", amount_fen=3_000, *, periods=None, **terms):
    """An offer with a rule (or the word of a plain one) and whatever terms differ from the usual."""
    rule = schedule.of_cycle(rule) if isinstance(rule, str) else rule
    asked = plan_offers.Asked("月课", plans_ahead.Terms(rule, amount_fen, **terms), "1", "同意", periods)
    return await plan_offers.add(asked)


async def start(
    customer, rule="monthly", amount_fen=3_000, *, starts_on=None, ends_on=None, periods=None, **terms
):
    """The id of a plan the customer has agreed to on paper."""
    made = await offer(rule, amount_fen, **terms)
    consent = plans.Consent("1", "paper", SHOP.label, "协议 7")
    wish = plans.Wish(made.id, consent, starts_on, ends_on, periods)
    return await plans.start(SHOP, customer.id, wish, key=factories.key())


async def outcomes(plan_id):
    """(days from today until it is due, amount, state, reason) of every period, in order."""
    rows = await database.fetch(
        "SELECT due_on - $2::date, amount_fen, state, reason FROM plan_period WHERE plan_id = $1 ORDER BY period_no",
        plan_id, clock.today(),
    )  # fmt: skip
    return [tuple(row) for row in rows]


async def states(plan_id, first=None):
    """What became of its first periods."""
    return [state for _, _, state, _ in (await outcomes(plan_id))[:first]]


async def taken_fen(customer):
    """What was taken of 1,000 yuan."""
    return 100_000 - (await factories.balance(customer.id))[0]
