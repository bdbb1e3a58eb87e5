"""Instalments in the model: proposed, agreed to, arranged anew, ended."""

from __future__ import annotations

from dataclasses import dataclass

from tests.model.books.refused import Refused

DAY = 1440


@dataclass(frozen=True)
class Proposal:
    """Parts for what was owed when ``base`` was paid; ``former`` is how the bill was collected before it had any."""

    number: int
    base: int
    parts: list[tuple[int, int]]
    automatic: bool
    former: tuple[str, bool]


class Arranging:
    """Part of ``Books``."""

    def arrange(self, source, asked, key):
        """``asked`` is (parts, day of the first, days between, down payment, automatic, whether agreed to already). Answers the
        arrangement's number."""
        count, first, days, down, automatic, agreed = asked

        def act():
            bill = self._arrangeable(source)
            parts = self._split(bill, count, first, days, down)
            self._withdraw(bill)
            former = bill.former if bill.mode == "instalments" else (bill.mode, bill.automatic)
            bill.arrangements.append("proposed")
            bill.proposed = Proposal(len(bill.arrangements), bill.paid, parts, automatic, former)
            if agreed:
                self._start(bill)
            else:
                self.accounts[bill.customer].tell("instalments_proposed")
            return len(bill.arrangements)

        return self.once("operator", "arrange", key, (source, asked), act)

    def _arrangeable(self, source):
        bill = self._of_an_operator(source)
        if not bill.is_owed:
            raise Refused("bill_not_owed")
        self.refuse_pending(bill)
        return bill

    def _split(self, bill, count, first, days, down):
        """(the sum paid once this part is paid, the minute it is due): fen that do not divide go to the first parts."""
        owed = bill.owed - down
        if owed <= 0:
            raise Refused("down_payment_too_large")
        if count > owed:
            raise Refused("too_many_instalments")
        if first < self.now // DAY + bool(down):
            raise Refused("instalment_dates_wrong")
        sizes = [owed // count + (nth < owed % count) for nth in range(count)]
        dues = [first + nth * days for nth in range(count)]
        if down:
            sizes, dues = [down, *sizes], [self.now // DAY, *dues]
        return [(bill.paid + sum(sizes[: nth + 1]), due * DAY) for nth, due in enumerate(dues)]

    @staticmethod
    def _withdraw(bill):
        """Says whether there was something to withdraw."""
        was, bill.proposed = bill.proposed, None
        if was is not None:
            bill.arrangements[was.number - 1] = "withdrawn"
        return was is not None

    @staticmethod
    def _start(bill):
        if "running" in bill.arrangements:
            bill.arrangements[bill.arrangements.index("running")] = "replaced"
        one, bill.proposed = bill.proposed, None
        bill.arrangements[one.number - 1] = "running"
        bill.mode, bill.automatic, bill.former, bill.parts, bill.base = (
            "instalments",
            one.automatic,
            (one.former[0], one.former[1] and not bill.manual),
            one.parts,
            one.base,
        )
        bill.manual = bill.manual and not one.automatic
        bill.due, bill.on_the_minute, bill.stamped = one.parts[0][1], True, 0
        bill.comes = (bill.due, 0)

    def agree(self, customer, source, number, key):
        def act():
            bill = self.bills.get(source)
            if bill is None or bill.customer != customer:
                raise Refused("no_such_bill")
            self._arrangeable(source)
            if bill.proposed is None or bill.proposed.number != number:
                raise Refused("no_arrangement")
            if bill.proposed.base != bill.paid:
                raise Refused("proposal_outdated")
            self._start(bill)

        self.once(customer, "agree", key, (source, number), act)

    def stop(self, source, key):
        def act():
            bill = self._arrangeable(source)
            withdrawn = self._withdraw(bill)
            if bill.mode != "instalments":
                if not withdrawn:
                    raise Refused("no_arrangement")
                return
            bill.arrangements[bill.arrangements.index("running")] = "cancelled"
            (bill.mode, was_automatic), bill.parts = bill.former, []
            bill.automatic = was_automatic and not bill.manual
            bill.due, bill.on_the_minute, bill.stamped, bill.stamped_s = self.now, False, self.next(), None
            bill.comes = (self.now, 2)

        self.once("operator", "stop", key, source, act)

    def end_arrangements(self, bill):
        """Of a bill that is void."""
        self._withdraw(bill)
        if "running" in bill.arrangements:
            bill.arrangements[bill.arrangements.index("running")] = "cancelled"
        bill.parts = []
