"""Plans in the model, and the run that takes what they owe."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import date, timedelta

from tests.model.books.bills import Wanted
from tests.model.books.refused import Refused

DAY = 1440
PERIOD_STATES = {"open": "owed", "partly_paid": "partly", "paid": "charged", "void": "failed"}
"""What becomes of a period with its bill."""


@dataclass
class Plan:
    customer: int
    amount: int
    cycle: str
    started: date
    period: int = 0
    state: str = "active"
    until: date | None = None
    """Nothing is due from this day on: it was ended."""

    @property
    def next_day(self):
        day = period_day(self.started, self.cycle, self.period)
        return None if self.until is not None and day >= self.until else day


def period_day(started, cycle, number):
    """The day a period is due; months and years count from the start and end early where the month is short."""
    if cycle in ("daily", "weekly"):
        return started + timedelta(days=number * (7 if cycle == "weekly" else 1))
    year, month = started.year, started.month
    for _ in range(number * (12 if cycle == "yearly" else 1)):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    day = started.day
    while True:
        try:
            return date(year, month, day)
        except ValueError:
            day -= 1


class Planning:
    """Part of ``Books``."""

    def subscribe(self, customer, offer, version, key, seen):
        """``offer`` is (id, amount, cycle), or (id, None, None) for one that is not on offer."""

        def act():
            if offer[1] is None:
                raise Refused("no_such_offer")
            if version != "1":
                raise Refused("consent_outdated")
            if self.accounts[customer].state in ("closing", "closed"):
                raise Refused("account_closed")
            if self.accounts[customer].state != "active":
                raise Refused("customer_blocked")
            self.plans[seen or -1] = Plan(customer, offer[1], offer[2], self.today)
            return seen or -1

        made = self.once(customer, "subscribe", key, (offer[0], version), act)
        if self.plans[made].customer != customer:
            raise Refused("no_such_plan")  # it followed a merge
        return made

    def end_plan(self, customer, number):
        if number not in self.plans or self.plans[number].customer != customer:
            raise Refused("no_such_plan")
        self.end(self.plans[number], self.today)

    def end(self, plan, since):
        if plan.state == "active":
            plan.state, plan.until = "cancelled", since

    def due_plans(self):
        """(day, plan) of every period that is due."""
        due = []
        for number, plan in self.plans.items():
            ahead = copy.copy(plan)
            while (day := ahead.next_day) is not None and day <= self.today:
                due.append((day, number))
                ahead.period += 1
        return sorted(due)

    def charge_round(self, batch, passing_by=()):
        """One batch of a due run; answers (due, charged)."""
        claimed = [one for one in self.due_plans() if one[1] not in passing_by][:batch]
        sources = [self.issue_period(number) for _, number in claimed]
        wanted = [Wanted(source, self.bills[source].owed, False) for source in sources]
        charged = sum(map(bool, self.collect(wanted, "clock", "due_date").values()))
        self.remind(sources)
        return len(claimed), charged

    def issue_period(self, number):
        plan = self.plans[number]
        source = f"plan:{number}:{plan.period}"
        due = (plan.next_day - self.first_day).days * DAY
        self.issue(source, plan.customer, plan.amount, due, mode="full", automatic=True, on_the_minute=True)
        plan.period += 1
        return source

    def remind(self, sources):
        for source in sources:
            if self.bills[source].is_owed and not self.bills[source].pending:
                self.accounts[self.bills[source].customer].tell("payment_due")
