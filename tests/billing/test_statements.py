"""Statements add up whatever has happened, and liability is the sum of them."""

import asyncio
import contextlib
import os
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import database
from billing import adjustments, day_statements, expiry, statements
from core import clock, errors
from core import db as rows
from ledger import accounts, history, proof
from members import sign_in
from reports import liability
from shop import orders
from tests import factories

STORIES = int(os.environ.get("YUCUN_STATEMENTS", "15"))

ACT = st.sampled_from(["top_up", "give", "take", "spend", "spend_and_cancel", "expire"])
STORY = st.lists(
    st.tuples(ACT, st.integers(0, 1), st.integers(1, 5_000), st.integers(-3, 40)), min_size=1, max_size=12
)


class Shop:
    """Two customers, and a clock that mostly goes forward."""

    def __init__(self, people, sku):
        self.people, self.sku = people, sku

    async def act(self, what, who, amount_fen):
        customer_id = self.people[who].id
        if what == "top_up":
            await factories.topped_up(customer_id, amount_fen, amount_fen // 3)
        elif what in ("give", "take"):
            kind = "bonus" if amount_fen % 2 else "principal"
            signed = amount_fen if what == "give" else -amount_fen
            await adjustments.adjust(
                1, customer_id, kind=kind, amount_fen=signed, reason="=1+1", key=factories.key()
            )
        elif what == "expire":
            await expiry.expire_bonus()
        else:
            placed = await orders.place(customer_id, [orders.Wanted(self.sku.id, 1)], key=factories.key())
            await orders.pay(customer_id, placed.order_no, key=factories.key())
            if what == "spend_and_cancel":
                await orders.cancel(customer_id, placed.order_no)


async def stamped(customer_id):
    """What the customer's account says of itself, line by line, in the order of their numbers."""
    return await rows.fetch(
        "SELECT e.created_at, t.kind, e.principal_fen, e.bonus_fen FROM entry e JOIN transfer t ON t.id = e.transfer_id"
        " JOIN account a ON a.id = e.account_id WHERE a.code = $1 ORDER BY e.entry_no",
        accounts.of_customer(customer_id),
    )


def cut(lines, at):
    """How many lines are before an instant: the rule in one line of Python."""
    return next((number for number, line in enumerate(lines) if line["created_at"] >= at), len(lines))


def summed(lines):
    return sum(line["principal_fen"] for line in lines), sum(line["bonus_fen"] for line in lines)


async def check_statement(customer_id, lines, from_on, to_on):
    begins, ends = (cut(lines, clock.start_of(day)) for day in (from_on, to_on + timedelta(days=1)))
    found = await day_statements.read(customer_id, from_on=from_on, to_on=to_on, limit=1000)
    opening, closing = found.opening, found.closing
    assert (opening.principal_fen, opening.bonus_fen) == summed(lines[:begins])
    assert (closing.principal_fen, closing.bonus_fen) == summed(lines[:ends])
    assert [(one.at, one.kind, one.principal_fen, one.bonus_fen) for one in found.lines] == [
        tuple(line) for line in lines[begins:ends]
    ]
    running = opening.balance_fen
    for one in found.lines:
        running += one.amount_fen
        assert one.balance_after_fen == running
    assert running == closing.balance_fen == opening.balance_fen + sum(t.amount_fen for t in found.totals)
    assert sum(total.lines for total in found.totals) == len(found.lines)


async def check_liability(everyone, first_at, last_at):
    books = [await stamped(customer_id) for customer_id in everyone]

    def held(at):
        each = [summed(lines[: cut(lines, at)]) for lines in books]
        return sum(p for p, _ in each), sum(b for _, b in each), sum(p + b > 0 for p, b in each)

    for at in (first_at, last_at):
        found = await liability.at(at)
        assert (found.principal_fen, found.bonus_fen, found.customers) == held(at)
    between = await liability.between(first_at, last_at)
    assert (between.opening, between.closing) == (await liability.at(first_at), await liability.at(last_at))
    moved = sum(moved.total_fen for moved in between.movements)
    assert between.opening.total_fen + moved == between.closing.total_fen
    lines = [line for lines in books for line in lines[cut(lines, first_at) : cut(lines, last_at)]]
    assert {m.kind: (m.changes, m.principal_fen, m.bonus_fen) for m in between.movements} == {
        kind: (len(of_kind := [line for line in lines if line["kind"] == kind]), *summed(of_kind))
        for kind in {line["kind"] for line in lines}
    }


async def told(database_url, story, everyone):
    clock.set_offset(timedelta())
    async with database.opened(database_url):
        people = [await factories.customer() for _ in range(2)]
        everyone.extend(customer.id for customer in people)
        shop = Shop(people, await factories.sku(price_fen=700, stock=1000))
        began_on = clock.today()
        for what, who, amount_fen, hours in story:
            clock.set_offset(max(timedelta(), clock.offset() + timedelta(hours=hours)))
            with contextlib.suppress(errors.Conflict):  # not enough there
                await shop.act(what, who, amount_fen)
        clock.set_offset(timedelta(days=30))
        days = [began_on + timedelta(days=n) for n in range(-1, 18)]
        for customer in people:
            lines = await stamped(customer.id)
            for day in days:
                await check_statement(customer.id, lines, day, day)
            await check_statement(customer.id, lines, days[0], days[-1])
            await check_statement(customer.id, lines, days[3], days[7])
        midnights = [clock.start_of(day) for day in days]
        for first_at, last_at in zip(midnights[::4], midnights[1::4], strict=False):
            await check_liability(everyone, first_at, last_at)
        assert not await proof.check()


@pytest.mark.timeout(300)
def test_opening_and_changes_make_closing_after_any_story_and_liability_is_their_sum(database_url):
    everyone = []

    @settings(max_examples=STORIES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(STORY)
    def once(story):
        asyncio.run(told(database_url, story, everyone))

    once()


async def read(customer_id, from_on, to_on, **more):
    return await day_statements.read(customer_id, from_on=from_on, to_on=to_on, limit=100, **more)


async def test_days_without_changes_and_days_before_the_account_are_empty(db):
    customer, today = await factories.customer(principal=1000, bonus=300), clock.today()
    clock.set_offset(timedelta(days=9))
    quiet = await read(customer.id, today + timedelta(days=2), today + timedelta(days=5))
    assert (quiet.lines, quiet.totals, quiet.opening, quiet.closing.balance_fen) == (
        [],
        [],
        quiet.closing,
        1300,
    )
    before = await read(customer.id, date(2000, 1, 1), today - timedelta(days=1))
    assert (before.lines, before.opening.balance_fen, before.closing.balance_fen) == ([], 0, 0)
    whole = await read(customer.id, date(2000, 1, 1), date(2999, 12, 31))  # may reach into the future
    assert (whole.opening.balance_fen, len(whole.lines), whole.closing.balance_fen) == (0, 1, 1300)


async def test_days_that_cannot_be_are_refused(db):
    customer, today = await factories.customer(), clock.today()
    with pytest.raises(day_statements.NotBegun):
        await read(customer.id, today + timedelta(days=1), today + timedelta(days=2))
    with pytest.raises(day_statements.DaysReversed):
        await read(customer.id, today, today - timedelta(days=1))
    with pytest.raises(day_statements.NoSuchAccount):
        await read(404, today, today)


async def test_the_statement_agrees_with_the_history_of_changes(db):
    customer, today = await factories.customer(principal=1000, bonus=300), clock.today()
    await adjustments.adjust(1, customer.id, kind="bonus", amount_fen=-50, reason="r", key=factories.key())
    found = await read(customer.id, today - timedelta(days=1), today + timedelta(days=1))
    changes = await history.page(customer.id, limit=10)
    assert [(one.entry_no, one.balance_after_fen) for one in found.lines] == [
        (one.entry_no, one.balance_after_fen) for one in reversed(changes)
    ]


async def test_who_has_no_account_is_refused_and_everybody_sees_their_own(db):
    customer = await factories.customer(principal=500, bonus=20)
    came = await sign_in.admitted(customer.id)
    assert statements.seen(came) == await statements.account(came.customer)
    assert statements.seen(came).balance_fen == 520
    with pytest.raises(accounts.NoSuchAccount):
        statements.seen(replace(came, balance=None))
