"""Steps that hypothesis chooses, done by the real shop and by the model; after each, both must have said and become the same.

Steps are drawn as plain numbers, so that an example can be run again although the shop makes up other numbers each time.
Several steps at once are right if some order of them one after the other gives just these answers and just this end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from billing import terms
from core import clock, db, errors
from ledger import accounts, holds
from members import customers
from shop import orders, products
from tests import factories
from tests.model import books, combined_steps, steps
from tests.model.operator_books import APPROVAL_ABOVE_FEN
from tests.model.shop import AMOUNTS, CUSTOMERS

FIRST_DAYS = (date(2026, 11, 23), date(2027, 1, 31), date(2028, 2, 29), date(2026, 12, 31), date(2027, 8, 30))
OPENING = 600
"""Examples begin half a minute after ten o'clock."""
JUMPS = (1, 10, 29, 30, 60, 840, 1440, 4320, 8 * 1440, 31 * 1440)

small = st.integers(0, 7)
asked = st.tuples(st.sampled_from(steps.EVERY), small, small, small, small)
asked_at_once = st.tuples(st.sampled_from(steps.AT_ONCE), small, small, small, small)


@dataclass
class Done:
    """What came of one step in the shop: ("ok", answer) or ("no", code)."""

    step: Any
    outcome: tuple[str, Any]
    seen: Any = None
    parts: list[Callable] = field(default_factory=list)


class Machine(RuleBasedStateMachine):
    """One example. ``shop`` is set for the run by ``run.machine_for``."""

    shop = None

    @initialize(
        day=st.sampled_from(FIRST_DAYS), policies=st.tuples(*[st.sampled_from(accounts.POLICIES)] * 3)
    )
    def opens(self, day, policies):
        self.shop.fresh()
        terms.use(replace(terms.current(), approval_above_fen=APPROVAL_ABOVE_FEN))
        self.prefix = f"m{next(self.shop.numbers)}x"
        self.count, self.latest = 0, []
        self.model = books.Books(day)
        self.model.now = OPENING
        self.opening = datetime.combine(day, datetime.min.time(), clock.zone()) + timedelta(
            minutes=OPENING, seconds=30
        )
        self.started = datetime.now(self.opening.tzinfo)
        self._set_clock()
        self.shop.run(self._people(policies))
        self._agrees("opening")
        for who, amount, kind in ((0, 7, 0), (0, 6, 1), (1, 7, 1), (1, 6, 0)):
            self._do([steps.make(self, "grant", who, amount, kind, 7)])
        self.shop.steps -= 4  # money to begin with; not steps that were chosen
        self.latest = []

    async def _people(self, policies):
        for number, policy in enumerate(policies[:CUSTOMERS]):
            made = await customers.create(name="小林")
            threshold = (None, 500, 5000)[number]
            await customers.set_threshold(made.id, threshold)
            await factories.set_up(made.id, burn_policy=policy)
            self.model.accounts[made.id] = books.Account(policy, threshold)
        self.limited = await self.shop.limited_packages(self.now, OPENING)
        product = await products.add(
            name="龙井",
            description="",
            skus=[products.NewSku("50克", 333, 5), products.NewSku("一斤", 1000, 9)],
        )
        other = await products.add(name="白茶", description="", skus=[products.NewSku("一饼", 7, 3)])
        self.products = (product.id, other.id)
        for sku in (*product.skus, *other.skus):
            self.model.skus[sku.id] = books.Sku(sku.price_fen, sku.stock)
        self.people = list(self.model.accounts)
        self.skus = list(self.model.skus)

    # rules

    @rule(ask=asked)
    def one(self, ask):
        self._do([steps.make(self, *ask)])

    @rule(asks=st.lists(asked, min_size=2, max_size=6))
    def some(self, asks):
        for ask in asks:
            self._do([steps.make(self, *ask)])

    @rule(asks=st.lists(asked_at_once, min_size=2, max_size=4))
    def at_once(self, asks):
        made = [steps.make(self, *ask) for ask in asks]
        seen_once = set()
        made = [one for one in made if one.name != "due" or not (seen_once & {"due"} or seen_once.add("due"))]
        self._do(made)

    @rule(ask=asked_at_once, times=st.integers(2, 3))
    def twins(self, ask, times):
        step = steps.make(self, *ask)
        self._do([step] if step.name in ("due", *steps.NOT_AGAIN) else [step] * times)

    @rule(back=small)
    def again(self, back):
        if self.latest:
            self._do([self.latest[-1 - back % len(self.latest)]])

    @rule(jump=st.sampled_from(JUMPS))
    def later(self, jump):
        self.model.now += jump
        self._set_clock()

    @rule(runs=st.integers(2, 3), batch=st.sampled_from((1, 2, 500)))
    def several_due_runs(self, runs, batch):
        self._due_runs(runs, batch)

    @rule(who=small, times=st.integers(2, 6), fen=st.sampled_from(AMOUNTS))
    def spenders(self, who, times, fen):
        self._spenders(self.people[who % CUSTOMERS], times, fen)

    # how

    def _set_clock(self):
        clock.set_offset(self.opening - self.started + timedelta(minutes=self.model.now - OPENING))

    @property
    def now(self):
        """The instant of the model's minute; the shop's own clock is a little ahead."""
        return self.opening + timedelta(minutes=self.model.now - OPENING)

    def number(self):
        self.count += 1
        return self.count

    def _do(self, made):
        self.shop.steps += len(made)
        self.latest = [*self.latest, *(one for one in made if one.name not in steps.NOT_AGAIN)][-8:]
        done = self.shop.run(self._all(made))
        self.shop.met.update(
            (one.step.name, one.outcome[1] if one.outcome[0] == "no" else "ok") for one in done
        )
        if len(done) == 1 and len(done[0].parts) == 1:
            (one,) = done
            said = play(one.parts[0], self.model, one.seen)
            assert agree(one.outcome, said), f"{one.step}: the shop says {one.outcome}, the model {said}"
            self._agrees(one.step)
            return
        look, self.bill_nos = self._look()
        found, nearest = Orders(done, look).search(self.model)
        assert found is not None, (
            f"no order of {[(one.step, one.outcome) for one in done]} explains {difference(nearest, look)}"
        )
        self._in_the_shops_order([source for source in found.bills if source not in self.model.bills], found)
        self.model = found

    async def _all(self, made):
        return await asyncio.gather(*(self._call(step) for step in made))

    async def _call(self, step):
        parts = step.parts(self.model)
        try:
            answer = await step.call()
        except errors.DomainError as refusal:
            seen = await step.seen_when_refused() if step.seen_when_refused else None
            return Done(step, ("no", refusal.code), seen, parts)
        return Done(step, ("ok", answer), answer, parts)

    def _look(self):
        return self.shop.run(self.shop.look(self.people, self.skus, self.prefix))

    def _agrees(self, what):
        look, self.bill_nos = self._look()
        expected = self.model.look()
        assert look == expected, f"after {what}: {difference(expected, look)}"

    def _due_runs(self, runs, batch):
        """Which of them serves which plan first is nobody's business; what they take together is."""
        self.shop.steps += runs
        before = self.shop.run(self.shop.paid_in_order(self.people))
        step = steps.make(self, "due", 0, 0, 0, 0, batch=batch)

        async def together():
            return await asyncio.gather(*(step.call() for _ in range(runs)))

        said = self.shop.run(together())
        paid = self.shop.run(self.shop.paid_in_order(self.people))[len(before) :]
        look, self.bill_nos = self._look()
        issued = []
        while due := self.model.due_plans():
            issued += [self.model.issue_period(number) for _, number in due]
        assert all(self.model.collect(source) for source in paid), f"paid without money: {paid}"
        owed = [source for source in issued if source not in paid]
        for source in owed:
            bill = self.model.bills[source]
            account = self.model.accounts[bill.customer]
            assert bill.amount > account.available + account.limit - account.used, (
                f"{source} could have been paid"
            )
        self.model.remind(owed)
        self._in_the_shops_order(issued, self.model)
        total = tuple(sum(column) for column in zip(*said, strict=True))
        assert total == (len(issued), len(paid)), (said, issued, paid)
        assert look == self.model.look(), difference(self.model.look(), look)

    def _in_the_shops_order(self, issued, model):
        """Bills of one due day are settled in the order they were issued in, which callers at the same time may choose."""
        for seq, source in zip(
            sorted(model.bills[source].seq for source in issued),
            sorted(issued, key=lambda source: self.bill_nos[source][1]),
            strict=True,
        ):
            model.bills[source].seq = seq

    def _spenders(self, customer, times, fen):
        self.shop.steps += times
        made = [
            steps.make(self, "spend", self.people.index(customer), AMOUNTS.index(fen), 0, 7)
            for _ in range(times)
        ]
        done = self.shop.run(self._all(made))
        there = self.model.accounts[customer].available
        paid = [one for one in done if one.outcome[0] == "ok"]
        assert len(paid) == min(times, there // fen), f"{len(paid)} of {times} took {fen} from {there}"
        for one in sorted(done, key=lambda one: one.outcome[0] != "ok"):
            assert agree(one.outcome, play(one.parts[0], self.model, None))
        self._agrees(f"{times} spenders of {fen}")

    def teardown(self):
        if not hasattr(self, "people"):
            return
        violations = self.shop.run(self._ends())
        if violations:
            self.shop.renew()
        assert not violations, f"the books do not balance: {violations}"

    async def _ends(self):
        violations = await self.shop.prove()
        # nothing of this example may fall due in the next
        await combined_steps.end_all(self.model.combined)
        for number, order in self.model.orders.items():
            if order.state == "placed":
                await orders.cancel(order.customer, number)
        await db.execute(
            "UPDATE approval SET state = 'withdrawn', decided_at = now() WHERE state = 'waiting'"
        )
        await db.execute("UPDATE plan SET state = 'cancelled' WHERE state = 'active'")
        await db.execute("UPDATE lot SET expires_at = NULL WHERE expires_at IS NOT NULL")
        for row in await db.fetch("SELECT reference FROM hold WHERE state = 'open'"):
            await holds.release(row["reference"])
        clock.set_offset(timedelta())
        return violations


def play(part, model, seen):
    try:
        return ("ok", part(model, seen))
    except books.Refused as refusal:
        return ("no", refusal.codes)


def agree(shop, model):
    if shop[0] == "no":
        return model[0] == "no" and shop[1] in model[1]
    return shop == model


class Orders:
    """The search for an order of steps, one after the other, that explains what happened at once."""

    def __init__(self, done, look):
        self.done, self.look, self.nearest = done, look, None

    def search(self, model):
        return self._from(model, [0] * len(self.done), [None] * len(self.done)), self.nearest

    def _from(self, model, progress, said):
        if all(at == len(one.parts) for at, one in zip(progress, self.done, strict=True)):
            self.nearest = model.look()
            return model if self.nearest == self.look else None
        tried = set()
        for index, one in enumerate(self.done):
            same = (id(one.step), progress[index], repr(one.outcome))
            if progress[index] == len(one.parts) or (same in tried and len(one.parts) == 1):
                continue
            tried.add(same)
            copy = model.copy()
            answer = added(said[index], play(one.parts[progress[index]], copy, one.seen))
            last = progress[index] + 1 == len(one.parts)
            if last and not agree(one.outcome, answer):
                continue
            found = self._from(
                copy, replaced(progress, index, progress[index] + 1), replaced(said, index, answer)
            )
            if found is not None:
                return found
        return None


def added(before, now):
    if before is None or before[0] == "no" or now[0] == "no":
        return now if before is None else before
    one, other = before[1], now[1]
    return ("ok", tuple(map(sum, zip(one, other, strict=True))) if isinstance(one, tuple) else one + other)


def replaced(items, index, item):
    return [*items[:index], item, *items[index + 1 :]]


def difference(model, shop):
    if model is None:
        return "the answers"
    return {
        name: {"model": _less(model[name], shop[name]), "shop": _less(shop[name], model[name])}
        for name in shop
        if model[name] != shop[name]
    }


def _less(one, other):
    if not isinstance(one, dict):
        return one
    return {key: value for key, value in one.items() if key not in other or other[key] != value}
