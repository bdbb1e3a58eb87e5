"""Abnormal deductions in the model: what the shop's rules say, and the reviews that operators, the clock or customers end."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from statistics import median

from tests.model.books.bills import REVIEW
from tests.model.books.refused import Refused

DAY = 1440


@dataclass(frozen=True)
class Seen:
    """What a rule judges by: an amount, what the customer has, the minute, and what was taken from them, latest first."""

    amount: int
    total: int
    now: int
    before: list[tuple[int, int]]


@dataclass
class Rule:
    kind: str
    params: dict[str, int]
    holds: bool
    tells: bool = False
    active: bool = True

    def meets(self, seen):
        return getattr(self, f"_{self.kind}")(seen, **self.params)

    @staticmethod
    def _size(seen, at_least_fen=None, share_percent=None):
        if at_least_fen is not None and seen.amount >= at_least_fen:
            return True
        return share_percent is not None and Fraction(seen.amount) >= Fraction(
            share_percent * seen.total, 100
        )

    @staticmethod
    def _frequency(seen, more_than, minutes):
        return 1 + sum(minute > seen.now - minutes for minute, _ in seen.before) > more_than

    @staticmethod
    def _hour(seen, from_hour, to_hour):
        hour = seen.now // 60 % 24
        return hour in {(from_hour + more) % 24 for more in range((to_hour - from_hour) % 24)}

    @staticmethod
    def _deviation(seen, percent, last, least):
        own = [Fraction(amount) for _, amount in seen.before[:last]]
        return len(own) >= least and seen.amount > median(own) * percent / 100


@dataclass
class Review:
    amount: int
    drawn: int
    expires: int
    state: str = "waiting"


class Reviewing:
    """Part of ``Books``."""

    def judge(self, wanted, by):
        """The rules that each deduction of a set meets, each one counting for the next. Operators are not judged."""
        rules = [rule for rule in self.rules.values() if rule.active]
        if not rules or by == "operator":
            return {}
        met, before = {}, {}
        for one in wanted:
            account = self.accounts[self.bills[one.source].customer]
            mine = before.setdefault(
                id(account), [it for it in reversed(account.deducted) if it[0] > self.now - 90 * DAY]
            )
            seen = Seen(one.amount, account.total, self.now, mine)
            if found := [rule for rule in rules if rule.meets(seen)]:
                met[one.source] = found
            mine.insert(0, (self.now, one.amount))
        return met

    def tell_of_rules(self, source, met):
        """A customer hears of an unusual deduction that was made where a rule says so; of one that was held they hear anyway."""
        found = met.get(source, ())
        if any(rule.tells for rule in found) and not any(rule.holds for rule in found):
            self.accounts[self.bills[source].customer].tell("abnormal_deduction")

    def hold_for_review(self, wanted, by):
        """Holds what is wanted, drawn on credit where needed; nothing where it is not covered."""
        bill = self.bills[wanted.source]
        account = self.accounts[bill.customer]
        own = account.available
        drawn = self.draw(wanted, by, own) if own < wanted.amount else 0
        amount = min(wanted.amount, own + drawn)
        if not amount or (amount < wanted.amount and not wanted.or_less):
            return
        if drawn:
            self.draws(bill.customer, drawn)
        account.held += amount
        account.tell("under_review")
        bill.pending = REVIEW
        bill.reviews.append(Review(amount, drawn, self.now + DAY))

    def free(self, bill, state):
        """Ends a review without taking anything."""
        bill.reviews[-1].state, bill.pending = state, None
        self.accounts[bill.customer].held -= bill.reviews[-1].amount

    def _reviewed(self, source, nth):
        """The bill, if the review that is meant waits."""
        bill = self.bills.get(source)
        if bill is None or not bill.reviews[nth:]:
            raise Refused("no_such_review")
        if bill.reviews[nth].state != "waiting" or bill.reviews[nth].expires <= self.now:
            raise Refused("review_ended")
        return bill

    def approve_review(self, source, nth, key):
        def act():
            bill = self._reviewed(source, nth)
            review = bill.reviews[nth]
            self.free(bill, "approved")
            self.pay(bill, review.amount, self.accounts[bill.customer].available - review.drawn)
            if source.startswith("order:"):
                self.orders[source[6:]].state = "paid"

        self.once("operator", "approve_review", key, (source, nth), act)

    def reject_review(self, source, nth, key):
        def act():
            self._call_off(self._reviewed(source, nth), "rejected")

        self.once("operator", "reject_review", key, (source, nth), act)

    def _call_off(self, bill, state):
        self.free(bill, state)
        bill.no_more_unasked()
        self.accounts[bill.customer].tell("review_ended")
        self.settle(bill.customer)

    def reviews_over(self):
        return [
            source
            for source, bill in self.bills.items()
            if bill.pending == REVIEW and bill.reviews[-1].expires <= self.now
        ]

    def expire_review(self, source):
        bill = self.bills[source]
        if bill.pending != REVIEW:
            return 0
        self._call_off(bill, "expired")
        return 1
