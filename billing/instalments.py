"""Instalments 分期: what is unpaid of a bill is arranged in parts, agreed to by the customer, changed, and ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from billing import arrangements, bills, instalment_schedule, plans
from core import clock, db, errors
from ledger import accounts, idempotency
from notifications import outbox

ConsentChannel = Literal["counter", "phone", "paper"]
"""How an operator got the customer's consent; ``mini_program`` is recorded where the customer gave it there."""


class NoArrangement(errors.NotFound):
    """The bill has no such arrangement."""

    code = "no_arrangement"


class ProposalOutdated(errors.Conflict):
    """Something was paid since the instalments were proposed; the shop has to propose them anew."""

    code = "proposal_outdated"


ConsentOutdated = plans.ConsentOutdated
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of the customer: the parts, whether they are taken from the balance when they are due, and the text that
    says so. ``consent_channel``: how the customer agreed; None: they are asked in the mini-program."""

    schedule: instalment_schedule.Schedule
    automatic: bool
    consent_version: str
    consent_text: str
    consent_channel: ConsentChannel | None = None


async def preview(bill_no: str, schedule: instalment_schedule.Schedule) -> list[instalment_schedule.Planned]:
    """The parts that what is owed of a bill would be split into now.

    Raises:
        NoSuchBill, BillNotOwed, BillOfAnOrder, BillPaymentPending, BillUnderReview, and what ``instalment_schedule.split`` refuses.
    """
    bill = await bills.find(bill_no)
    _refuse(bill)
    return instalment_schedule.split(bill.owed_fen, schedule, today=clock.today())


@db.retried
async def arrange(operator_id: int, bill_no: str, terms: Terms, *, key: str) -> int:
    """Splits what is owed of a bill into parts. With the customer's consent the arrangement runs from now on and replaces the
    one that ran; without, it is proposed to them and the bill stays as it is. Returns the arrangement's number in the bill.

    Raises:
        NoSuchBill, BillNotOwed, BillOfAnOrder, BillPaymentPending, BillUnderReview, KeyReused, and what ``instalment_schedule.split`` refuses.
    """
    operator = f"operator:{operator_id}"

    async def act() -> int:
        bill = await bills.lock(bill_no)
        _refuse(bill)
        parts = instalment_schedule.split(bill.owed_fen, terms.schedule, today=clock.today())
        return await _arrange(bill, terms, parts, operator)

    async with db.transaction():
        number = await idempotency.once(
            caller=operator,
            operation="instalments.arrange",
            key=key,
            content={"bill_no": bill_no, "terms": repr(terms)},
            act=act,
        )
    return int(number)


async def _arrange(
    bill: bills.Bill, terms: Terms, parts: Sequence[instalment_schedule.Planned], operator: str
) -> int:
    await arrangements.end(bill.id, "proposed", "withdrawn", by=operator, reason="replaced by a new proposal")
    number = await arrangements.propose(
        bill,
        parts,
        arrangements.Asked(terms.automatic, terms.consent_version, terms.consent_text, operator),
    )
    if terms.consent_channel is not None:
        await arrangements.start(bill, channel=terms.consent_channel, by=operator)
        return number
    await outbox.tell(
        [
            outbox.Message(
                bill.customer_id,
                "instalments_proposed",
                f"instalments:{bill.bill_no}:{number}",
                {
                    "title": bill.title,
                    "bill_no": bill.bill_no,
                    "amount_fen": bill.owed_fen,
                    "parts": len(parts),
                },
            )
        ]
    )
    return number


@db.retried
async def agree(
    customer_id: int, bill_no: str, *, arrangement_no: int, consent_version: str, key: str
) -> None:
    """The customer agrees to the proposed instalments, to the text of ``consent_version``; from now on they run.

    Raises:
        NoSuchBill, NoArrangement: it is not theirs, or nothing of that number is proposed (any more).
        ConsentOutdated: the text is another one.
        ProposalOutdated: something was paid since it was proposed.
        BillNotOwed, BillPaymentPending, BillUnderReview, KeyReused.
    """
    caller = accounts.of_customer(customer_id)

    async def act() -> None:
        bill = await bills.lock(bill_no)
        if bill.customer_id != customer_id:
            raise bills.NoSuchBill(bill_no=bill_no)
        _refuse(bill)
        proposed = await arrangements.find(bill.id, "proposed")
        if proposed is None or proposed.arrangement_no != arrangement_no:
            raise NoArrangement(bill_no=bill_no)
        if proposed.consent_version != consent_version:
            raise ConsentOutdated(consent_version=proposed.consent_version)
        if proposed.base_fen != bill.paid_fen:
            raise ProposalOutdated(bill_no=bill_no)
        await arrangements.start(bill, channel="mini_program", by=caller)

    async with db.transaction():
        await idempotency.once(
            caller=caller,
            operation="instalments.agree",
            key=key,
            content={
                "bill_no": bill_no,
                "arrangement_no": arrangement_no,
                "consent_version": consent_version,
            },
            act=act,
            answer=bill_no,
        )


@db.retried
async def cancel(operator_id: int, bill_no: str, *, reason: str, key: str) -> None:
    """Ends the instalments of a bill: what was only proposed is withdrawn, of what ran the whole rest is due at once, and
    collected as the bill was before.

    Raises:
        NoSuchBill, NoArrangement, BillNotOwed, BillPaymentPending, BillUnderReview, KeyReused.
    """
    operator = f"operator:{operator_id}"

    async def act() -> None:
        bill = await bills.lock(bill_no)
        _refuse(bill)
        withdrawn = await arrangements.end(bill.id, "proposed", "withdrawn", by=operator, reason=reason)
        if bill.collect_mode == "instalments":
            await arrangements.stop(bill, by=operator, reason=reason)
        elif not withdrawn:
            raise NoArrangement(bill_no=bill_no)

    async with db.transaction():
        await idempotency.once(
            caller=operator,
            operation="instalments.cancel",
            key=key,
            content={"bill_no": bill_no, "reason": reason},
            act=act,
            answer=bill_no,
        )


_PROPOSED = """
SELECT b.bill_no, b.title, count(*) AS parts FROM bill b
JOIN arrangement a ON a.bill_id = b.id AND a.state = 'proposed' JOIN instalment i ON i.arrangement_id = a.id
WHERE b.customer_id = $1 AND b.state IN ('open', 'partly_paid') AND a.base_fen = b.paid_fen GROUP BY b.id ORDER BY b.id DESC
"""


@dataclass(frozen=True, slots=True)
class Offer:
    """Instalments a customer is asked to agree to, and in how many parts."""

    bill_no: str
    title: str
    parts: int


async def proposed_to(customer_id: int) -> list[Offer]:
    """What the customer is asked to agree to, of the latest bill first."""
    return [Offer(*row) for row in await db.fetch(_PROPOSED, customer_id)]


def _refuse(bill: bills.Bill) -> None:
    bills.refuse_with_its_order(bill)
    if bill.state not in bills.OWED:
        raise bills.BillNotOwed(bill_no=bill.bill_no, state=bill.state)
    bills.refuse_pending(bill)
