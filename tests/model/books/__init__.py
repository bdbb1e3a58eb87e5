"""What the shop promises about money, once more, in plain Python and in memory: written from docs/money.md, not from the SQL.

Amounts are fen. Time is whole minutes since midnight of the day the example starts on; what the shop stamps itself lies a few
real milliseconds later, which is why a thing that lasts 30 minutes is over when the clock has been moved by exactly 30.
Numbers the shop makes up (of orders, top-ups, plans) come in as ``seen``, from its answer. A file a topic; ``Books`` is all of
them.
"""

from __future__ import annotations

import pickle
from datetime import timedelta

from tests.model.books.accounts import Account, Accounts
from tests.model.books.bills import Bill, Owing
from tests.model.books.combined import Combining
from tests.model.books.counter import Counter
from tests.model.books.credit import Credit
from tests.model.books.holds import Holding
from tests.model.books.instalments import Arranging
from tests.model.books.leaving import Leaving
from tests.model.books.operators import Operations
from tests.model.books.orders import Ordering, Sku
from tests.model.books.plans import PERIOD_STATES, Planning
from tests.model.books.refunds import Refunding
from tests.model.books.refused import Refused
from tests.model.books.reviews import Reviewing, Rule
from tests.model.books.top_ups import Package, Payment, ToppingUp

__all__ = ["Account", "Bill", "Books", "Package", "Payment", "Refused", "Rule", "Sku"]

DAY = 1440


class Books(
    Accounts, ToppingUp, Ordering, Planning, Holding, Owing, Arranging, Reviewing, Refunding, Operations, Leaving, Combining,
    Credit, Counter,
):  # fmt: skip
    """Everything the shop knows, of the customers of one example."""

    def __init__(self, first_day, terms):
        self.first_day, self.terms, self.now, self.seq = first_day, terms, 0, 0
        self.accounts, self.bills, self.payments, self.orders = {}, {}, {}, {}
        self.refunds, self.rules, self.closings = {}, {}, {}
        self.plans, self.holds, self.skus, self.keys, self.references = {}, {}, {}, {}, {}
        self.approvals, self.acts, self.combined = {}, {}, {}
        self.taken, self.taken_back = {}, {}
        self.quarantine, self.found_open = set(), {}

    def copy(self):
        return pickle.loads(pickle.dumps(self, protocol=5))

    def next(self):
        self.seq += 1
        return self.seq

    @property
    def today(self):
        return self.first_day + timedelta(days=self.now // DAY)

    # keys

    def once(self, caller, operation, key, content, act):
        """One effect per key; a refusal leaves the key unused."""
        if (old := self.keys.get((caller, operation, key))) is not None:
            if old[0] != content:
                raise Refused("idempotency_key_reused")
            return old[1]
        answer = act()
        self.keys[caller, operation, key] = (content, answer, self.now)
        return answer

    def forget_keys(self):
        self.keys = {name: kept for name, kept in self.keys.items() if self.now - kept[2] < 7 * DAY}

    # what can be compared

    def look(self):
        """Everything that must agree with the shop, in the form ``look.LOOK`` gives it."""
        return {
            "accounts": {
                str(number): [
                    one.of("principal"), one.of("bonus"), one.held, one.entries, one.limit, one.used, one.state, one.heir,
                    one.automatic_only,
                ]
                for number, one in self.accounts.items()
            },
            "lots": {
                str(number): [lot.look() for lot in sorted(one.lots, key=lambda lot: (lot.kind, lot.seq))]
                for number, one in self.accounts.items()
                if one.lots
            },
            "told": {str(number): dict(one.told) for number, one in self.accounts.items() if one.told},
            "bills": {source: one.look() for source, one in self.bills.items()},
            "payments": {
                number: [one.state, one.trade, one.top_up_state] for number, one in self.at_channels.items()
            },
            "orders": {number: one.state for number, one in self.orders.items()},
            "plans": {
                str(number): [
                    one.customer, one.state, one.next_day and str(one.next_day),
                    [PERIOD_STATES[self.bills[f"plan:{number}:{done}"].state] for done in range(one.period)],
                ]
                for number, one in self.plans.items()
            },
            "combined": {
                number: [one.state, one.payment, one.trade, one.balance, one.channel, self.bills[one.source].pending == number]
                for number, one in self.combined.items()
            },
            "holds": {name: [one.state, one.captured, one.amount, one.ends] for name, one in self.holds.items()},
            "stock": {str(number): one.stock for number, one in self.skus.items()},
            "quarantine": len(self.quarantine),
            "approvals": {number: one.state for number, one in self.approvals.items()},
            "closings": {number: [one.state, one.bonus, one.paid_out] for number, one in self.closings.items()},
            "refunds": {number: [one.state, one.amount, one.bonus] for number, one in self.refunds.items()},
            "taken": {
                number: [one.customer, one.amount, one.tender, one.reference, one.state] for number, one in self.taken.items()
            },
            "taken_back": {number: [one.state, one.amount, one.bonus] for number, one in self.taken_back.items()},
        }  # fmt: skip

    def look_at_all(self):
        return {**self.look(), **self.look_closely()}

    def look_closely(self):
        """What follows from the order in which steps were done and shows only later, in the form ``look.CLOSELY`` gives it: which
        lots were taken for what, what was deducted in which order, which parts were arranged."""
        places = self._places()
        return {
            "took": {
                source: [
                    [one.tender, one.matched_by, [[*places[seq], taken] for seq, taken in one.took]] for one in bill.payments
                ]
                for source, bill in self.bills.items()
                if bill.payments
            },
            "moved": {
                number: sorted([*places[seq], taken] for _, seq, taken in act.took) for number, act in self.acts.items() if act.took
            },
            "deducted": {
                str(number): [amount for _, amount in one.deducted] for number, one in self.accounts.items() if one.deducted
            },
            "parts": {
                source: found for source, bill in self.bills.items() if (found := bill.parts_by_arrangement())
            },
        }  # fmt: skip

    def _places(self):
        """Each lot by its number: (kind, which of the account's lots of this kind)."""
        places = {}
        for account in self.accounts.values():
            for kind in ("principal", "bonus"):
                for nth, lot in enumerate(
                    sorted((one for one in account.lots if one.kind == kind), key=lambda one: one.seq), 1
                ):
                    places[lot.seq] = (kind, nth)
        return places
