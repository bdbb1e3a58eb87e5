"""Steps that hypothesis chooses, done by the real shop and by the model; after each, both must have said and become the same.

Steps are drawn as plain numbers, so that an example can be run again although the shop makes up other numbers each time.
Several steps at once are right if some order of them one after the other gives just these answers and just this end.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from billing import deduction_rules, terms
from core import clock, errors
from ledger import accounts
from members import customers
from shop import products
from tests import factories
from tests.model import books, cleaning, steps
from tests.model.books.bills import Wanted
from tests.model.books.operators import APPROVAL_ABOVE_FEN
from tests.model.books.terms import CLAW_BACKS, MATCHING_ORDERS, RIGHT_DAYS, Terms
from tests.model.search import Orders, agree, difference, play
from tests.model.shop import AMOUNTS, CUSTOMERS
from tests.model.steps import shop_terms

FIRST_DAYS = (date(2026, 11, 23), date(2027, 1, 31), date(2028, 2, 29), date(2026, 12, 31), date(2027, 8, 30))
OPENING = 600
"""Examples begin half a minute after ten o'clock."""
MOST_S = 15
"""The model's clock stands while the shop works: when that has taken so long in all, on a busy machine, the example ends."""
TOO_MUCH_S = 25
"""By then the shop's clock may be in the next minute: what a step that lasted so long came to is not compared."""
LONGEST = 300 * 1440
"""No example goes on for so long that the channels take nothing back any more."""
JUMPS = (1, 10, 29, 30, 60, 840, 1440, 4320, 8 * 1440, 31 * 1440)
RULES = (
    (), (), (), (),
    (("size", {"at_least_fen": 900}, "hold", False),),
    (("size", {"share_percent": 60}, "alert", True), ("hour", {"from_hour": 22, "to_hour": 6}, "hold", False)),
    (("frequency", {"more_than": 2, "minutes": 60}, "hold", False), ("size", {"at_least_fen": 300}, "alert", True)),
    (("deviation", {"percent": 300, "last": 5, "least": 2}, "hold", False), ("frequency", {"more_than": 3, "minutes": 1440}, "alert", True)),
)  # fmt: skip
"""The shop's rules for abnormal deductions: (kind, parameters, action, whether the customer is told)."""

small = st.integers(0, 7)
which = st.integers(0, 209)
asked = st.tuples(which, small, small, small, small)


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
    every = together = ()
    """Names of the steps the example is about: at any time, and at the same time."""

    @initialize(
        day=st.sampled_from(FIRST_DAYS),
        policies=st.tuples(*[st.sampled_from(accounts.POLICIES)] * 3),
        rules=st.sampled_from(RULES),
        about=st.lists(st.integers(0, len(steps.TOPICS) - 1), min_size=2, max_size=6, unique=True),
        chosen=st.builds(Terms, *map(st.sampled_from, (MATCHING_ORDERS, CLAW_BACKS, RIGHT_DAYS))),
    )
    def opens(self, day, policies, rules, about, chosen):
        if self.shop.stopped:
            return
        self.shop.fresh()
        self.every, self.together = steps.of(about)
        above = {"approval_above_fen": APPROVAL_ABOVE_FEN, "counter_approval_above_fen": APPROVAL_ABOVE_FEN}
        terms.use(replace(terms.current(), **above, approval_window_hours=0))
        shop_terms.in_force(chosen)
        self.prefix = f"m{next(self.shop.numbers)}x"
        self.count, self.latest = 0, []
        self.model = books.Books(day, chosen)
        self.model.now = OPENING
        self.opening = datetime.combine(day, datetime.min.time(), clock.zone()) + timedelta(
            minutes=OPENING, seconds=30
        )
        self.worked, self.agreed = timedelta(), True
        self._set_clock()
        rules = RULES[-1 - len(about) % 4] if steps.about_reviews(about) else rules
        self._work(self._people(policies, rules))
        self._agrees("opening")
        counted = self.shop.steps
        for who, amount, kind in ((0, 7, 0), (0, 6, 1), (1, 7, 1), (1, 6, 0)):
            self._do(self._make("grant", who, amount, kind, 7))
        self.shop.steps = counted  # money to begin with; not steps that were chosen
        self.latest = []

    async def _people(self, policies, rules):
        for kind, params, action, tells in rules:
            made = await deduction_rules.add(
                name="规则", kind=kind, params=params, action=action, tells_customer=tells
            )
            self.model.rules[made.id] = books.Rule(kind, params, action == "hold", tells)
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

    @property
    def is_over(self):
        """Nothing more is done: somebody stopped the run, or the example took too long."""
        return self.shop.stopped or not hasattr(self, "people") or self.worked > timedelta(seconds=MOST_S)

    def _made(self, asks, names=None):
        names = names or self.every
        return (
            [] if self.is_over else [steps.make(self, names[one % len(names)], *more) for one, *more in asks]
        )

    def _make(self, name, *more):
        return [] if self.is_over else [steps.make(self, name, *more)]

    @rule(ask=asked)
    def one(self, ask):
        self._do(self._made([ask]))

    @rule(asks=st.lists(asked, min_size=2, max_size=6))
    def some(self, asks):
        for ask in asks:
            self._do(self._made([ask]))

    @rule(asks=st.lists(asked, min_size=2, max_size=4))
    def at_once(self, asks):
        made = self._made(asks, self.together)
        seen_once = set()
        made = [one for one in made if one.name != "due" or not (seen_once & {"due"} or seen_once.add("due"))]
        if any(steps.is_of_leaving(self, one) for one in made):
            made = [one for one in made if one.name not in steps.NOT_WHILE_LEAVING]
        self._do(made)

    @rule(ask=asked, times=st.integers(2, 3))
    def twins(self, ask, times):
        for step in self._made([ask], self.together):
            self._do([step] if step.name == "due" else [step] * times)

    @rule(back=small)
    def again(self, back):
        if not self.is_over and self.latest:
            self._do([self.latest[-1 - back % len(self.latest)]])

    @rule(jump=st.sampled_from(JUMPS))
    def later(self, jump):
        if not self.is_over and self.model.now + jump < LONGEST:
            self.model.now += jump

    @rule(runs=st.integers(2, 3), batch=st.sampled_from((1, 2, 500)))
    def several_due_runs(self, runs, batch):
        if self.is_over:
            return
        if any(one.active for one in self.model.rules.values()):
            self._do(self._make("due", 0, 0, 0, 0))  # whom they come for first decides what is held
        else:
            self._due_runs(runs, batch)

    @rule(who=small, times=st.integers(2, 6), fen=st.sampled_from(AMOUNTS))
    def spenders(self, who, times, fen):
        if not self.is_over:
            self._spenders(who, times, fen)

    # how

    def _set_clock(self):
        """The shop's clock goes on from where its last step left it."""
        clock.set_offset(self.now + self.worked - datetime.now(self.opening.tzinfo))

    def _work(self, awaitable):
        """What the shop does, with its clock running only meanwhile. None if it took too long to be compared."""
        self._set_clock()
        self.agreed = False
        answers = self.shop.run(awaitable)
        self.worked = clock.now() - self.now
        return answers if self.worked < timedelta(seconds=TOO_MUCH_S) else None

    @property
    def now(self):
        """The instant of the model's minute; the shop's own clock is a little ahead."""
        return self.opening + timedelta(minutes=self.model.now - OPENING)

    def number(self):
        self.count += 1
        return self.count

    def _do(self, made):
        if not made:
            return
        note(f"  # {' + '.join(map(str, made))}")
        self.shop.steps += len(made)
        self.latest = [*self.latest, *(one for one in made if one.name not in steps.NOT_AGAIN)][-8:]
        done = self._work(self._all(made))
        if done is None:
            return
        self.shop.met.update(
            (one.step.name, one.outcome[1] if one.outcome[0] == "no" else "ok") for one in done
        )
        if len(done) == 1 and len(done[0].parts) == 1:
            (one,) = done
            said = play(one.parts[0], self.model, one.seen)
            assert agree(one.outcome, said), f"{one.step}: the shop says {one.outcome}, the model {said}"
            self._agrees(one.step)
            return
        before, credited = self._bills(), self.model.credited()
        look, self.known = self._look(closely=True)
        found, nearest = Orders(done, look).search(self.model)
        for passing in self._passed_by(done) if found is None else ():
            found = found or Orders(passing, look).search(self.model)[0]
        assert found is not None, (
            f"no order of {[(one.step, one.outcome) for one in done]} explains {difference(nearest, look)}"
        )
        self.model, self.agreed = found, True
        self._in_the_shops_order(before)
        self._in_the_shops_seconds()
        self._served_as_stamped(found.credited() - credited)

    def _passed_by(self, done):
        """The same, where a due run passed by a plan that was being ended, and took what was due of it in a later batch."""
        ended = {one.step.plan for one in done} - {None}
        rounds = max((len(one.parts) for one in done if one.step.passing_by), default=0) if ended else 0
        for first in range(1, rounds + 1):
            yield [
                replace(one, parts=one.step.passing_by(len(one.parts), first, ended))
                if one.step.passing_by
                else one
                for one in done
            ]

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

    def _look(self, *, closely=False):
        eye, day = self.shop.eye, self.model.first_day
        look, known = self.shop.run(eye.look(self.people, self.skus, self.prefix, day))
        if closely:
            look |= self.shop.run(eye.look_closely(self.people, day))
        return look, known

    def _agrees(self, what):
        look, self.known = self._look()
        expected = self.model.look()
        assert look == expected, f"after {what}: {difference(expected, look)}"
        self.agreed = True
        self._in_the_shops_seconds()

    def _due_runs(self, runs, batch):
        """Which of them serves which plan first is nobody's business; what they take together is."""
        self.shop.steps += runs
        before = self.shop.run(self.shop.eye.paid_in_order(self.people))
        step, bills = steps.make(self, "due", 0, 0, 0, 0, batch=batch), self._bills()

        async def together():
            return await asyncio.gather(*(step.call() for _ in range(runs)))

        said = self._work(together())
        if said is None:
            return
        paid = self.shop.run(self.shop.eye.paid_in_order(self.people))[len(before) :]
        look, self.known = self._look(closely=True)
        issued = []
        while due := self.model.due_plans():
            issued += [self.model.issue_period(number) for _, number in due]
        for source in paid:
            wanted = Wanted(source, self.model.bills[source].owed, False)
            assert self.model.collect([wanted], "clock", "due_date")[source], (
                f"{source} was paid without money"
            )
        owed = [source for source in issued if source not in paid]
        for source in owed:
            bill = self.model.bills[source]
            account, wanted = self.model.accounts[bill.customer], Wanted(source, bill.owed, False)
            assert not self.model.copy().collect([wanted], "clock", "due_date")[source], (
                f"{source}, {bill.amount} fen, could have been paid of {account}; paid were {paid}, owed {owed}"
            )
        self.model.remind(owed)
        self._in_the_shops_order(bills)
        total = tuple(sum(column) for column in zip(*said, strict=True))
        assert total == (len(issued), len(paid)), (said, issued, paid)
        assert look == (expected := self.model.look_at_all()), difference(expected, look)
        self.agreed = True

    def _bills(self):
        return {source: bill.stamped for source, bill in self.model.bills.items()}

    def _in_the_shops_order(self, before):
        """Bills of one due day are settled in the order of their numbers, those due at once, and where the oldest come first, in the
        order of their instants; callers at the same time may choose all of them."""
        bills = self.model.bills
        issued = [source for source in bills if source not in before]
        stamped = [
            source for source, bill in bills.items() if bill.stamped and bill.stamped != before.get(source)
        ]
        number, due, issued_at = 1, 2, 4
        for sources, what, places in (
            (issued, "seq", [number]),
            (issued, "issued", [issued_at, number]),
            (stamped, "stamped", [due]),
        ):
            numbers = sorted(getattr(bills[source], what) for source in sources)
            in_order = sorted(sources, key=lambda one: [self.known[one][place] for place in places])
            for one, source in zip(numbers, in_order, strict=True):
                setattr(bills[source], what, one)

    def _in_the_shops_seconds(self):
        """A due date that the shop stamped again within its second is the same date to be reminded of."""
        for source, bill in self.model.bills.items():
            if bill.stamped and bill.stamped_s is None:
                due_at = datetime.fromisoformat(self.known[source][2])
                since = clock.start_of(self.model.first_day)
                bill.stamped_s = int(f"{due_at.timestamp():.0f}") - int(since.timestamp())

    def _served_as_stamped(self, credited):
        """Whether something was paid for before a top-up is told by the instants of both; callers at the same time may choose them."""
        if credited:
            served = self.shop.run(self.shop.eye.served_before(self.people, list(credited)))
            for number, paid in served.items():
                self.model.payments[number].served = [
                    (self.model.bills[source], self.model.bills[source].payments[nth - 1])
                    for source, nth in paid
                ]

    def _spenders(self, who, times, fen):
        self.shop.steps += times
        customer = steps.customer_for(self, "spend", who, 0)
        made = [steps.make(self, "spend", who, AMOUNTS.index(fen), 0, 7) for _ in range(times)]
        done = self._work(self._all(made))
        if done is None:
            return
        there = self.model.accounts[customer].available
        paid = [one for one in done if one.outcome[0] == "ok"]
        assert len(paid) == min(times, there // fen), f"{len(paid)} of {times} took {fen} from {there}"
        for one in sorted(done, key=lambda one: one.outcome[0] != "ok"):
            assert agree(one.outcome, play(one.parts[0], self.model, None))
        self._agrees(f"{times} spenders of {fen}")

    def teardown(self):
        if not hasattr(self, "people"):
            return
        if self.shop.found is None and (found := sys.exception()) is not None:
            self.shop.found = "".join(traceback.format_exception_only(found))
        look, _ = self._look(closely=True)
        self._set_clock()
        violations = self.shop.run(cleaning.ends(self.shop, self.model))
        if violations:
            self.shop.renew()
        assert not violations, f"the books do not balance: {violations}"
        if self.agreed:
            assert look == (expected := self.model.look_at_all()), f"in the end: {difference(expected, look)}"
