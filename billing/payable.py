"""Payable 待付: the bills a customer can pay from the balance by a word, and paying the one the word names.

Each is named by the end of its number and by the amount, so that what is confirmed is what was shown: if the bill owes something
else by then, nothing is paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billing import bills, collecting, confirmed, parts
from core import errors, ids
from ledger import accounts

_DIGITS = 4
_LOOKED_AT = 50


class NothingSoNamed(errors.NotFound):
    """No bill of the customer ends with these digits and is to be paid by this amount now."""

    code = "no_bill_so_named"


InsufficientBalance = collecting.InsufficientBalance
NotAsShown = confirmed.NotAsShown


@dataclass(frozen=True, slots=True)
class Payable:
    """A bill that can be paid now, and how much of it: what is due of one in instalments, or else its next part."""

    bill: bills.Bill
    amount_fen: int

    @property
    def code(self) -> str:
        """What names it beside the amount."""
        return self.bill.bill_no[-_DIGITS:]

    @property
    def mark(self) -> str:
        """Differs when what is to be paid, or was paid, does."""
        return f"{self.bill.state}|{self.bill.amount_fen}|{self.bill.paid_fen}|{self.amount_fen}"

    @property
    def title(self) -> str:
        return self.bill.title

    @property
    def due_at(self) -> datetime:
        return self.bill.due_at


@dataclass(frozen=True, slots=True)
class Paid:
    """What confirming came to: the bill after it, what was taken, and what is available now."""

    bill: bills.Bill
    amount_fen: int
    available_fen: int


async def of(customer_id: int) -> Sequence[Payable]:
    """The customer's bills that can be paid, what is due first at the head; not those of orders, which are paid with the order, nor
    those that are being paid."""
    owed = await bills.page(customer_id, states=bills.OWED, limit=_LOOKED_AT)
    return await _payable(owed)


async def _payable(owed: Sequence[bills.Bill]) -> Sequence[Payable]:
    free = [bill for bill in owed if not bill.is_paid_with_its_order and bill.pending_no is None]
    in_parts = await parts.running([bill.id for bill in free if bill.collect_mode == "instalments"])
    found = [
        Payable(bill, parts.asked_fen(in_parts[bill.id]) if bill.id in in_parts else bill.owed_fen)
        for bill in free
    ]
    return sorted(found, key=lambda one: (one.due_at, one.bill.id))


async def named(customer_id: int, bill_no: str) -> Payable:
    """One bill of the customer, to be paid now.

    Raises:
        NoSuchBill: it is not theirs or does not exist.
        NothingSoNamed: it is paid, or being paid.
    """
    bill = await bills.get(customer_id, bill_no)
    found = await _payable([bill]) if bill.state in bills.OWED else []
    if not found:
        raise NothingSoNamed(code=bill_no[-_DIGITS:], amount_fen=bill.owed_fen)
    return found[0]


async def pay_as_shown(customer_id: int, bill_no: str, mark: str, *, key: str) -> Paid:
    """Pays a bill that still is as it was shown with ``mark``, by the amount that was shown. The same key again pays nothing.

    Raises:
        NotAsShown: it was paid, in part or in full, is being paid, or owes something else since.
        NoSuchBill, InsufficientBalance, KeyReused.
    """

    async def act() -> None:
        bill = await bills.lock(bill_no)
        if bill.customer_id != customer_id:
            raise bills.NoSuchBill(bill_no=bill_no)
        found = await _payable([bill]) if bill.state in bills.OWED else []
        if not found or found[0].mark != mark:
            raise NotAsShown
        await collecting.take(bill, found[0].amount_fen, operator=accounts.of_customer(customer_id))

    content = {"bill_no": bill_no, "mark": mark}
    await confirmed.once(customer_id, what="bill", key=key, content=content, act=act)
    return Paid(await bills.get(customer_id, bill_no), int(mark.rpartition("|")[2]), await available_fen(customer_id))  # fmt: skip


async def available_fen(customer_id: int) -> int:
    """What the customer can pay with."""
    return (await accounts.balance(customer_id)).available_fen


async def confirm(customer_id: int, code: str, amount_fen: int) -> Paid:
    """Pays the bill that the customer names, by this amount, from the balance. Saying it twice at once pays once, and so does saying it while
    it is paid in another way.

    Raises:
        NothingSoNamed: none is to be paid so (any more).
        InsufficientBalance, and what ``pay_as_shown`` raises.
    """
    for one in await of(customer_id):
        if (one.code, one.amount_fen) == (code, amount_fen):
            try:
                return await pay_as_shown(customer_id, one.bill.bill_no, one.mark, key=ids.new_no("K"))
            except NotAsShown:
                break  # what a word does is not remembered: it may be said again after the payment was turned down or given back
    raise NothingSoNamed(code=code, amount_fen=amount_fen)
