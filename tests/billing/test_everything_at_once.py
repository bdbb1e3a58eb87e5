"""Everything at once on few customers: whatever is fired, doubled, or hung up on, a sum kept beside it agrees to the fen."""

import asyncio
import random
from collections import Counter
from datetime import timedelta

import pytest

from billing import adjustments, bills, collecting, deductions, payments, plans
from core import clock, errors
from core import db as database
from ledger import accounts, holds
from shop import orders
from tests import factories

PRICE, PLAN, THRESHOLD = 700, 400, 5_000
WORKERS, ACTS = 10, 60


class Ledger:
    """The sum kept beside the books: by customer, what every act that was answered with a yes came to, by its key."""

    def __init__(self):
        self.moved, self.refused = {}, Counter()

    def note(self, customer_id, key, amount_fen):
        assert self.moved.get(key, (customer_id, amount_fen)) == (customer_id, amount_fen), (
            "two answers to one key"
        )
        self.moved[key] = (customer_id, amount_fen)

    def balance(self, customer_id):
        return sum(amount_fen for owner, amount_fen in self.moved.values() if owner == customer_id)


class Crowd:
    """Random acts of random customers. Each is fired up to three times at once under one key, some are hung up on."""

    def __init__(self, seed, customers, sku, sums):
        self.chance, self.customers, self.sku, self.sums = random.Random(seed), customers, sku, sums

    async def _often(self, act):
        """The one answer of an act that may be fired several times; a refusal is None."""
        twins = [asyncio.create_task(act()) for _ in range(self.chance.randint(0, 2))]
        for _ in range(self.chance.randrange(80)):
            await asyncio.sleep(0)
        for twin in twins:
            if self.chance.random() < 0.3:
                twin.cancel()
        answers = [*await asyncio.gather(*twins, return_exceptions=True)]
        try:
            answers.append(await act())
        except errors.DomainError as refusal:
            answers.append(refusal)
        for answer in answers:
            if isinstance(answer, BaseException):
                assert isinstance(answer, (errors.DomainError, asyncio.CancelledError)), repr(answer)
                self.sums.refused[type(answer).__name__] += 1
        yes = [answer for answer in answers if not isinstance(answer, BaseException)]
        return yes[-1] if yes else None

    async def top_up(self, customer):
        pay_fen = self.chance.randrange(1, 3_000)
        started = await factories.top_up(customer.id, pay_fen, self.chance.choice([0, 0, 500]))
        word = factories.trade(started)
        assert await self._often(lambda: payments.confirm(word)) in ("credited", "repeated")
        self.sums.note(customer.id, started.top_up_no, started.pay_fen + started.bonus_fen)

    async def order(self, customer):
        key, placing = factories.key(), factories.key()
        wanted = [orders.Wanted(self.sku.id, self.chance.randint(1, 3))]
        placed = await self._often(lambda: orders.place(customer.id, wanted, key=placing))
        ends = [self._often(lambda: orders.pay(customer.id, placed.order_no, key=key))]
        if self.chance.random() < 0.4:
            ends.append(self._often(lambda: orders.cancel(customer.id, placed.order_no)))
        paid, *cancelled = await asyncio.gather(*ends)
        state = (await orders.get(customer.id, placed.order_no)).state
        if cancelled:
            assert state == "cancelled"
        elif paid:
            assert state == "paid"
        if state == "paid":
            self.sums.note(customer.id, placed.order_no, -placed.total_fen)

    async def adjust(self, customer):
        key, amount_fen = factories.key(), self.chance.choice([-900, -50, 30, 1_200])
        kind = self.chance.choice(["principal", "bonus"])
        adjusted = await self._often(
            lambda: adjustments.adjust(1, customer.id, kind=kind, amount_fen=amount_fen, reason="x", key=key)
        )
        if adjusted:
            self.sums.note(customer.id, key, amount_fen)

    async def hold(self, customer):
        if customer is self.customers[0]:
            return  # its alerts are counted, and what is held is not in the entries
        reference, amount_fen = factories.key(), self.chance.randrange(1, 1_500)
        code, took_fen = accounts.of_customer(customer.id), self.chance.randint(1, amount_fen)
        try:
            await holds.place(code, reference=reference, amount_fen=amount_fen)
        except holds.posting.InsufficientBalance:
            return
        how = {"target": accounts.REVENUE, "kind": "capture", "operator": "clock"}
        captured, _ = await asyncio.gather(
            self._often(lambda: holds.capture(reference, amount_fen=took_fen, **how)),
            self._often(lambda: holds.release(reference)),
        )
        if captured:
            self.sums.note(customer.id, reference, -took_fen)

    async def pay_bill(self, customer):
        owed = await bills.page(customer.id, states=bills.OWED)
        owed = [bill for bill in owed if bill.source.startswith("plan:")]
        if owed:
            bill, key = self.chance.choice(owed), factories.key()
            await self._often(lambda: collecting.pay(customer.id, bill.bill_no, key=key))

    async def subscribe(self, customer):
        plan = await factories.plan(customer.id, PLAN, cycle="daily")
        if self.chance.random() < 0.3:
            await asyncio.gather(plans.cancel(customer.id, plan.id), deductions.run_due(batch=2))

    async def a_day_later(self, customer):
        if self.chance.random() < 0.3:
            clock.set_offset(clock.offset() + timedelta(days=1))
        await asyncio.gather(deductions.run_due(batch=3), deductions.run_due(batch=2), orders.expire_unpaid())

    async def run(self):
        acts = [self.top_up, self.order, self.order, self.adjust, self.hold, self.pay_bill, self.subscribe]
        for _ in range(ACTS):
            act = self.chance.choice([*acts, self.top_up, self.a_day_later])
            await act(self.chance.choice(self.customers))


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.stress)])
async def test_whatever_happens_at_once_the_sum_kept_beside_the_books_agrees(db, seed):
    everyone = [await factories.customer(threshold_fen=THRESHOLD) for _ in range(3)]
    sums, sku = Ledger(), await factories.sku(PRICE, stock=100_000)
    async with asyncio.timeout(60):
        await asyncio.gather(*(Crowd(seed * 100 + n, everyone, sku, sums).run() for n in range(WORKERS)))
    assert len(sums.moved) > WORKERS * ACTS / 4, "hardly anything happened"
    for customer in everyone:
        paid = await bills.page(customer.id, states=["paid"], limit=10_000)
        of_plans = sum(bill.paid_fen for bill in paid if bill.source.startswith("plan:"))
        held = await accounts.balance(customer.id)
        assert (held.balance_fen, held.held_fen) == (sums.balance(customer.id) - of_plans, 0)
    assert await database.fetchval("SELECT count(*) FROM bill WHERE state = 'partly_paid'") == 0
    await _nothing_owed_that_could_be_paid(everyone[0])
    await _an_alert_for_every_crossing(everyone[0])
    sold = await database.fetchval(
        "SELECT coalesce(sum(quantity), 0) FROM order_line l JOIN shop_order o ON o.id = l.order_id WHERE o.state <> 'cancelled'"
    )
    assert await database.fetchval("SELECT on_hand - reserved FROM stock") == 100_000 - sold


async def _nothing_owed_that_could_be_paid(customer):
    """After one more fen comes in, what is still owed is more than there is."""
    await factories.topped_up(customer.id, 1)
    available_fen = (await accounts.balance(customer.id)).available_fen
    owed = [
        bill for bill in await bills.page(customer.id, states=bills.OWED) if bill.source.startswith("plan:")
    ]
    assert all(bill.owed_fen > available_fen for bill in owed)


async def _an_alert_for_every_crossing(customer):
    crossings = await database.fetchval(
        """
        SELECT count(*) FROM entry e JOIN account a ON a.id = e.account_id
        WHERE a.code = $1 AND e.principal_after_fen + e.bonus_after_fen < $2
          AND e.principal_after_fen + e.bonus_after_fen - e.principal_fen - e.bonus_fen >= $2
        """,
        accounts.of_customer(customer.id),
        THRESHOLD,
    )
    alerts = await database.fetchval(
        "SELECT count(*) FROM outbox_message WHERE kind = 'low_balance' AND customer_id = $1", customer.id
    )
    assert alerts == crossings
