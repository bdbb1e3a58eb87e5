"""Bills paid with a share of the balance and the rest through a channel, in plain Python."""

from __future__ import annotations

from dataclasses import dataclass

from tests.model.books.bills import Paid, Wanted
from tests.model.books.refused import Refused

OWED = ("open", "partly_paid")


@dataclass
class Combined:
    customer: int
    source: str
    balance: int
    channel: int
    state: str = "open"
    payment: str = "created"
    trade: str | None = None

    @property
    def standing(self):
        return "quarantined" if (self.state, self.payment) == ("open", "quarantined") else self.state


class Combining:
    """Part of ``Books``."""

    def start_combined(self, customer, source, share, key, says, seen):
        is_order = source.startswith("order:")

        def act():
            bill = self.bills.get(source)
            if is_order and self.order_of(customer, source[6:]).state != "placed":
                raise Refused("order_state_forbids")
            if bill is None or bill.customer != customer:
                raise Refused("no_such_bill")
            if bill.state not in OWED:
                raise Refused("bill_not_owed")
            self.refuse_pending(bill)
            account = self.accounts[customer]
            balance = account.available if share is None else share
            if balance >= bill.owed:
                raise Refused("nothing_for_channel")
            if balance and self._would_be_held(source, balance):
                raise Refused("share_needs_review")
            if balance > account.available:
                raise Refused("insufficient_balance")
            number = seen or "?"
            self.combined[number] = Combined(customer, source, balance, bill.owed - balance)
            account.held += balance
            bill.pending = number
            return number

        number = self.once(customer, f"combine {is_order}", key, (source, share), act)
        one = self.combined[number]
        if one.payment == "created":
            if says == "no":
                self._ends(one, "closed")
                raise Refused("channel_declined")
            one.payment = "prepared"
        return number

    def _would_be_held(self, source, balance):
        met = self.judge([Wanted(source, balance, False)], "customer")
        return any(rule.holds for rule in met.get(source, ()))

    def combined_word(self, number, trade, state, amount):
        """What the channel says of it."""
        one = self.combined[number]
        if state == "paid":
            if one.payment in ("paid", "quarantined"):
                if one.trade == trade:
                    return "repeated" if one.payment == "paid" else "quarantined"
                return self.quarantined("wechat_pay", trade, number)
            if amount != one.channel:
                one.payment, one.trade = "quarantined", trade
                return self.quarantined("wechat_pay", trade, number)
            one.payment, one.trade = "paid", trade
            return self._has_its_share(number, one)
        if one.payment not in ("created", "prepared"):
            return "closed" if one.payment == "closed" else "repeated"
        if state == "closed":
            self._ends(one, "closed")
            return "closed"
        return "waiting"

    def _has_its_share(self, number, one):
        bill, account, is_open = self.bills[one.source], self.accounts[one.customer], one.state == "open"
        as_it_was = (
            bill.state in OWED
            and self.accounts[bill.customer].state == "active"
            and bill.pending == (number if is_open else None)
            and bill.owed == one.balance + one.channel
        )
        met = (
            self.judge([Wanted(one.source, one.balance, False)], "customer")
            if as_it_was and one.balance
            else {}
        )
        held = any(rule.holds for rule in met.get(one.source, ()))
        if not as_it_was or (not is_open and (held or account.available < one.balance)):
            if is_open:
                self._ends(one, "paid")
            one.state = "credited"
            self.give(one.customer, "principal", one.channel, f"payment:{number}")
            self.came_in(one.customer, "payment_credited")
            return "credited"
        if is_open:
            account.held -= one.balance
        before = account.available
        if one.balance:
            self.take_lots(bill, one.balance)
            self.falls(one.customer, before)
        bill.payments.append(Paid("wechat_pay", one.channel))
        bill.was_paid(bill.owed)
        bill.pending, one.state = None, "paid"
        account.tell("bill_paid")
        if one.source.startswith("order:"):
            self.orders[one.source[6:]].state = "paid"
        self.tell_of_rules(one.source, met)
        return "settled"

    def _ends(self, one, payment):
        """Without paying: what is free again settles what is due."""
        one.payment = payment
        if one.state != "open":
            return
        one.state = "closed"
        self.bills[one.source].pending = None
        self.accounts[one.customer].held -= one.balance
        self.settle(one.customer)

    def give_up(self, number, trade, paid_meanwhile, seen):
        one = self.combined[number]
        if one.standing == "quarantined":
            if seen is not None:  # it looked before the money came that does not match
                return one.standing
            raise Refused("payment_under_review")
        if one.payment in ("created", "prepared"):
            self.combined_word(number, trade, "paid" if paid_meanwhile else "closed", one.channel)
        return one.standing

    def let_go(self, number):
        one = self.combined[number]
        if one.payment != "quarantined":
            raise Refused("not_under_review")
        self._ends(one, "quarantined")
        return one.standing
