"""What operators do, in plain Python: adjustments, transfers between customers, what undoes them, and the second person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.model.books.refused import Refused

AMOUNT_LIMIT_FEN, APPROVAL_ABOVE_FEN, DAY = 10**14, 4_000, 1440
NAMED_CAP_FEN, UNNAMED_CAP_FEN = 500_000, 100_000


@dataclass
class Approval:
    kind: str
    content: tuple
    customer: int
    asked_by: int
    expires: int
    state: str = "waiting"


@dataclass
class Act:
    """An adjustment or transfer that was made: the lots it took from (account, lot, amount) and those it made."""

    content: tuple
    took: list[tuple[int, int, int]]
    made: list[tuple[int, int]]
    undoes: Any = None
    undone: bool = False


class Operations:
    """Part of ``Books``."""

    def _ask(self, kind, content, customer, amount, number):
        """Above the limit a second person is needed; answers None below it."""
        if abs(amount) <= APPROVAL_ABOVE_FEN:
            return None
        self.approvals[number] = Approval(kind, content, customer, 1, self.now + 7 * DAY)
        return number

    def _either(self, kind, content, customer, amount, seen):
        """Does it, or lets it wait; answers (number of what was done, number of what waits)."""
        done, waits = seen or ("?", "?")
        if self._ask(kind, content, customer, amount, waits):
            return (None, waits)
        getattr(self, f"_{kind}")(content, done)
        return (done, None)

    # adjustments

    def adjust(self, customer, kind, amount, key, seen):
        if not 0 < abs(amount) <= AMOUNT_LIMIT_FEN:
            raise Refused("adjustment_out_of_range")
        content = (customer, kind, amount)
        return self.once(
            "operator",
            "adjust",
            key,
            content,
            lambda: self._either("adjusted", content, customer, amount, seen),
        )

    def _adjusted(self, content, number):
        customer, kind, amount = content
        account = self.accounts[customer]
        before = account.available
        if amount > 0:
            if before + amount > AMOUNT_LIMIT_FEN:
                raise Refused("adjustment_out_of_range")
            made = [(customer, self.give(customer, kind, amount, f"adjustment:{number}"))]
            self.acts[number] = Act(content, [], made)
            self.came_in(customer, "adjusted")
        else:
            took = [(customer, *one) for one in self.burn(customer, -amount, kind)]
            self.acts[number] = Act(content, took, [])
            account.tell("adjusted")
            self.falls(customer, before)

    # transfers

    def transfer(self, giver, receiver, principal, bonus, key, seen):
        if giver == receiver or not principal + bonus:
            raise Refused("nothing_to_transfer")
        content = (giver, receiver, principal, bonus)
        return self.once(
            "operator", "transfer", key, content,
            lambda: self._either("transferred", content, giver, principal + bonus, seen),
        )  # fmt: skip

    def _transferred(self, content, number):
        giver, receiver, principal, bonus = content
        account = self.accounts[giver]
        self._refuse_gone(giver, receiver)
        if principal and principal > self.room(receiver):
            raise Refused("receiver_limit")
        if principal + bonus > account.available:
            raise Refused("insufficient_balance")
        wanted = {"principal": principal, "bonus": bonus}
        lots = sorted(
            (one for one in account.lots if one.left and (one.expires is None or one.expires > self.now)),
            key=lambda one: one.order,
        )
        for kind, amount in wanted.items():
            if amount > sum(one.left for one in lots if one.kind == kind):
                raise Refused("insufficient_balance")
        before, act = account.available, Act(content, [], [])
        for lot in lots:
            if taken := min(lot.left, wanted[lot.kind]):
                lot.left -= taken
                wanted[lot.kind] -= taken
                made = self.give(
                    receiver, lot.kind, taken, f"transfer_in:{number}", lot.expires, lot.on_the_minute
                )
                act.took.append((giver, lot.seq, taken))
                act.made.append((receiver, made))
        self.acts[number] = act
        account.deducted.append((self.now, principal + bonus))
        self._moved(giver, receiver, before)

    def _refuse_gone(self, *customers):
        if any(self.accounts[one].state != "active" for one in customers):
            raise Refused("customer_not_active")

    def room(self, customer):
        """How much more principal the account may get, with what unfinished top-ups will bring."""
        account = self.accounts[customer]
        promised = sum(one.amount for one in self.unfinished(customer))
        return (NAMED_CAP_FEN if account.named else UNNAMED_CAP_FEN) - account.of("principal") - promised

    def _moved(self, giver, receiver, before):
        account = self.accounts[giver]
        account.entries += 1
        account.tell("transfer_sent")
        self.falls(giver, before)
        self.came_in(receiver, "transfer_received")

    # undoing

    def undo(self, kind, number, key, seen):
        if number not in self.acts or len(self.acts[number].content) != (3 if kind == "adjustment" else 4):
            raise Refused(f"no_such_{kind}")
        act = self.acts[number]
        amount = act.content[2] if kind == "adjustment" else act.content[2] + act.content[3]
        customer = act.content[0] if kind == "adjustment" else act.content[1]

        def do():
            self._refuse_undone(act)
            if abs(amount) > APPROVAL_ABOVE_FEN and any(
                one.kind == "undone" and one.content == (number,) and one.state == "waiting"
                for one in self.approvals.values()
            ):
                raise Refused("already_reversed")
            return self._either("undone", (number,), customer, amount, seen)

        return self.once("operator", f"undo {kind}", key, number, do)

    @staticmethod
    def _refuse_undone(act):
        if act.undoes is not None:
            raise Refused("not_reversible")
        if act.undone:
            raise Refused("already_reversed")

    def _undone(self, content, number):
        (undone,) = content
        act = self.acts[undone]
        self._refuse_undone(act)
        if len(act.content) == 4:
            self._refuse_gone(*act.content[:2])
        lots = {(who, lot.seq): lot for who, account in self.accounts.items() for lot in account.lots}
        made = [(who, lots[who, seq]) for who, seq in act.made]
        taken = sum(lot.original for _, lot in made)
        if any(lot.left != lot.original for _, lot in made):
            raise Refused("money_spent")
        holder = made[0][0] if made else None
        if holder is not None and self.accounts[holder].available < taken:
            raise Refused("money_spent" if not act.took else "insufficient_balance")
        before = self.accounts[holder].available if holder is not None else 0
        for _, lot in made:
            lot.left = 0
        for who, seq, amount in act.took:
            lots[who, seq].left += amount
        self.acts[number] = Act(act.content, [], [], undoes=undone)
        act.undone = True
        if len(act.content) == 4:
            self._moved(holder, act.content[0], before)
        elif holder is not None:
            account = self.accounts[holder]
            account.entries += 1
            account.tell("adjusted")
            self.falls(holder, before)
        else:
            self.came_in(act.content[0], "adjusted")

    # the second person

    def decide(self, how, operator, number, key, seen):
        """``how`` is approve, reject or withdraw; answers the state it led to, and what was made."""

        def do():
            if number not in self.approvals:
                raise Refused("no_such_approval")
            one = self.approvals[number]
            if one.state != "waiting" or one.expires <= self.now:
                raise Refused("approval_ended")
            if how == "withdraw" and operator != one.asked_by:
                raise Refused("not_your_request")
            if how != "withdraw" and operator == one.asked_by:
                raise Refused("own_request")
            if how != "approve":
                one.state = "rejected" if how == "reject" else "withdrawn"
                return None
            made = seen[1] if seen else "?"
            try:
                getattr(self, f"_{one.kind}")(one.content, made)
            except Refused:
                one.state, made = "failed", None
            else:
                one.state = "executed"
            return made

        self.once(operator, how, key, number, do)
        return (self.approvals[number].state, self._made_by(number, seen))

    def _made_by(self, number, seen):
        return seen[1] if seen and self.approvals[number].state == "executed" else None

    def approvals_over(self):
        return [
            number
            for number, one in self.approvals.items()
            if one.state == "waiting" and one.expires <= self.now
        ]

    def expire_approval(self, number):
        if self.approvals[number].state != "waiting":
            return 0
        self.approvals[number].state = "expired"
        return 1
