"""Accounts in the model: lots, the order in which they are burnt, what comes in and what leaves."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.model.books.refused import Refused

NEVER = 10**12
PAST_THE_MINUTE_S = 30
"""Instants that steps name are so far after the model's minute."""


@dataclass
class Lot:
    seq: int
    kind: str
    original: int
    left: int
    source: str
    """What made it, as the shop names it; of merges and credit only the kind."""
    expires: int | None = None
    expired: int = 0
    on_the_minute: bool = True
    """Whether it ends when a day begins; otherwise somewhat later in that minute."""

    @property
    def order(self):
        ends = (NEVER, True) if self.expires is None else (self.expires, not self.on_the_minute)
        return (*ends, self.kind == "principal", self.seq)

    @property
    def drawn(self):
        return self.source == "credit_draw"

    def look(self):
        ends = self.expires and self.expires * 60 + (0 if self.on_the_minute else PAST_THE_MINUTE_S)
        return [self.kind, self.original, self.left, ends, self.source]


@dataclass
class Account:
    policy: str
    threshold: int | None
    state: str = "active"
    heir: int | None = None
    named: bool = False
    tier: str | None = None
    held: int = 0
    limit: int = 0
    used: int = 0
    automatic_only: bool = False
    entries: int = 0
    lots: list[Lot] = field(default_factory=list)
    told: dict[str, int] = field(default_factory=dict)
    deducted: list[tuple[int, int]] = field(default_factory=list)
    """(minute, amount) of what was taken for bills."""

    def of(self, kind):
        return sum(lot.left for lot in self.lots if lot.kind == kind)

    @property
    def total(self):
        return sum(lot.left for lot in self.lots)

    @property
    def available(self):
        return self.total - self.held

    def tell(self, kind):
        self.told[kind] = self.told.get(kind, 0) + 1


class Accounts:
    """Part of ``Books``."""

    def give(self, customer, kind, amount, source, expires=None, on_the_minute=True):
        lot = Lot(self.next(), kind, amount, amount, source, expires, on_the_minute=on_the_minute)
        self.accounts[customer].lots.append(lot)
        return lot.seq

    def burn(self, customer, amount, kind=None):
        """Takes from the open lots, as the policy says; answers which lots gave how much, in that order."""
        account = self.accounts[customer]
        if amount > account.available or (kind and amount > account.of(kind)):
            raise Refused("insufficient_balance")
        burnt = []
        for source, wanted in self._shares(account, amount, kind):
            for lot in source:
                taken = min(lot.left, wanted)
                if taken:
                    lot.left -= taken
                    wanted -= taken
                    burnt.append((lot.seq, taken))
            assert not wanted
        account.entries += 1
        return burnt

    @staticmethod
    def _shares(account, amount, kind):
        """Which lots give how much, one group after the other."""
        lots = sorted((one for one in account.lots if one.left), key=lambda one: one.order)
        by_kind = {name: [one for one in lots if one.kind == name] for name in ("bonus", "principal")}
        if kind:
            return [(by_kind[kind], amount)]
        if account.policy == "bonus_first":
            return [(by_kind["bonus"] + by_kind["principal"], amount)]
        if account.policy == "principal_first":
            return [(by_kind["principal"] + by_kind["bonus"], amount)]
        if account.policy == "earliest_expiry":
            return [(lots, amount)]
        bonus = amount * account.of("bonus") // account.total
        return [(by_kind["bonus"], bonus), (by_kind["principal"], amount - bonus)]

    def falls(self, customer, before):
        """Alerts when the available balance has crossed the customer's threshold downwards."""
        account = self.accounts[customer]
        if account.threshold is not None and before >= account.threshold > account.available:
            account.tell("low_balance")

    def came_in(self, customer, told):
        self.accounts[customer].entries += 1
        self.accounts[customer].tell(told)
        self.settle(customer)

    # grants, spends

    def post(self, reference, content, act):
        """One transfer for a reference; the same again changes nothing, another content is refused."""
        if reference in self.references:
            if self.references[reference] != content:
                raise Refused("reference_taken")
            return
        act()
        self.references[reference] = content

    def grant(self, customer, kind, amount, lasts, reference):
        def act():
            ends = None if lasts is None else self.now + lasts
            self.give(customer, kind, amount, reference, ends, on_the_minute=False)
            self.accounts[customer].entries += 1

        self.post(reference, (customer, kind, amount, None if lasts is None else self.now + lasts), act)

    def spend(self, customer, amount, kind, partial, reference):
        def act():
            account = self.accounts[customer]
            most = min(account.available, account.of(kind) if kind else NEVER)
            taken = min(amount, most) if partial else amount
            if taken <= 0:
                raise Refused("insufficient_balance")
            self.burn(customer, taken, kind)

        self.post(reference, (customer, amount, kind, partial), act)

    def expire_bonus(self):
        """What is left of bonus that is over goes back, as far as it is not held; the rest waits for the next run."""
        due = [
            (lot.order, customer, lot, min(lot.left, account.available))
            for customer, account in self.accounts.items()
            for lot in account.lots
            if lot.left and lot.expires is not None and lot.expires <= self.now and account.available > 0
        ]
        expired = 0
        for _, customer, lot, amount in sorted(due, key=lambda one: (one[0][:2], one[2].seq)):
            account = self.accounts[customer]
            before = account.available
            if amount <= before:
                lot.left -= amount
                lot.expired += amount
                account.entries += 1
                account.tell("bonus_expired")
                self.falls(customer, before)
                expired += 1
        return expired
