"""Bills 账单: issuing them, and taking what is owed from the balance. Every deduction goes through ``collect``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billing import abnormal, credit_draws, low_balance, parts
from core import clock, db, errors, ids
from ledger import accounts, credit_line, idempotency, posting
from notifications import outbox

OWED = ("open", "partly_paid")


class NoSuchBill(errors.NotFound):
    """The customer has no bill of this number."""

    code = "no_such_bill"


class BillNotOwed(errors.Conflict):
    """The bill is paid or void: nothing is owed on it."""

    code = "bill_not_owed"


class BillUnderReview(errors.Conflict):
    """The shop is checking a payment of the bill; it can be paid again when that has ended."""

    code = "bill_under_review"


class BillPaymentPending(errors.Conflict):
    """The bill is being paid through a channel; let that payment end, or cancel it, first."""

    code = "bill_payment_pending"


class BillOfAnOrder(errors.Conflict):
    """The bill belongs to an order, with which it is paid or cancelled."""

    code = "bill_of_an_order"


class AmountAboveOwed(errors.Invalid):
    """More was to be paid than is owed on the bill."""

    code = "amount_above_owed"


class PaidInFullOnly(errors.Conflict):
    """The bill is not to be paid in parts."""

    code = "paid_in_full_only"


InsufficientBalance = posting.InsufficientBalance
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Bill:
    """What a customer owes, or owed, for one thing."""

    id: int
    bill_no: str
    customer_id: int
    title: str
    source: str
    amount_fen: int
    paid_fen: int
    state: str
    collect_mode: str
    automatic: bool
    due_at: datetime
    created_at: datetime
    pending_no: str | None = None
    """The combined payment or the review under way for it, if any."""

    @property
    def under_review(self) -> bool:
        """Whether an operator has to decide on taking it (异常扣款); its money is held meanwhile."""
        return self.pending_no is not None and self.pending_no.startswith(abnormal.PREFIX)

    @property
    def combined_no(self) -> str | None:
        """The combined payment under way for it, if any."""
        return None if self.under_review else self.pending_no

    @property
    def owed_fen(self) -> int:
        return self.amount_fen - self.paid_fen

    @property
    def is_of_an_order(self) -> bool:
        return self.source.startswith("order:")


@dataclass(frozen=True, slots=True)
class NewBill:
    """A bill to be issued; ``source`` says for what and can be used once. ``automatic``: the customer consented to its
    being taken from the balance without being asked each time. ``collect_at``: when the clock comes for it; who issues a
    bill and collects it at once leaves it out. The rest is what an operator who issues it says."""

    customer_id: int
    title: str
    source: str
    amount_fen: int
    due_at: datetime
    collect_mode: str = "full"
    automatic: bool = False
    collect_at: datetime | None = None
    issued_by: str | None = None
    consent: str | None = None
    memo: str | None = None


COLUMNS = "id, bill_no, customer_id, title, source, amount_fen, paid_fen, state, collect_mode, automatic, due_at, created_at, pending_no"
"""The fields of a ``Bill`` in its order, for statements that read bills."""

_ISSUE = f"""
INSERT INTO bill (bill_no, customer_id, title, source, amount_fen, paid_fen, refunded_fen, state, collect_mode, automatic,
                  due_at, collect_at, issued_by, consent, memo, created_at)
SELECT b.*, $13 FROM (
    SELECT bill_no, customer_id, title, source, amount_fen, 0, 0, 'open', collect_mode, automatic, due_at, collect_at,
           issued_by, consent, memo
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::boolean[],
                $8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[], $12::text[])
         AS n (bill_no, customer_id, title, source, amount_fen, collect_mode, automatic, due_at, collect_at, issued_by,
               consent, memo)
) b RETURNING {COLUMNS}
"""


async def issue(new: Sequence[NewBill]) -> list[Bill]:
    """Issues bills in the open transaction, in the given order. A source that was billed before aborts it."""
    rows = await db.fetch(
        _ISSUE,
        [ids.new_no("B") for _ in new],
        [bill.customer_id for bill in new],
        [bill.title for bill in new],
        [bill.source for bill in new],
        [bill.amount_fen for bill in new],
        [bill.collect_mode for bill in new],
        [bill.automatic for bill in new],
        [bill.due_at for bill in new],
        [bill.collect_at for bill in new],
        [bill.issued_by for bill in new],
        [bill.consent for bill in new],
        [bill.memo for bill in new],
        clock.now(),
    )
    issued = {row["source"]: Bill(*row) for row in rows}
    return [issued[bill.source] for bill in new]


@dataclass(frozen=True, slots=True)
class Collected:
    """What taking a bill from the balance came to: how much was taken, and the bill after it."""

    bill: Bill
    taken_fen: int

    @property
    def is_settled(self) -> bool:
        return self.bill.state == "paid"


async def collect(
    owed: Sequence[Bill],
    *,
    operator: str,
    asked: Mapping[int, int] | None = None,
    exact: bool = False,
    matched_by: str | None = None,
) -> list[Collected]:
    """Takes bills from their customers' balances, each in full, or as far as it goes where the bill allows that.

    Runs in the caller's transaction; the caller has locked the bills. Bills of one customer are served in the given order,
    from the balance first; then those it did not cover, from what is left of it and the customer's credit. What neither covers
    stays owed; that is an answer, not an error. Payments, bills, plan periods, receipts and low-balance alerts change together.
    What a rule finds unusual may be held instead and wait for an operator; its bill is ``under_review`` then.

    ``asked`` says by bill id how much is wanted where that is not all that is owed; with ``exact`` no less is taken.
    ``matched_by`` is the rule that chose the bills, kept with each payment.
    """
    assert not any(bill.pending_no for bill in owed), (
        "a bill that is being paid through a channel is left alone"
    )
    wanted = [
        credit_draws.Wanted(
            bill, (asked or {}).get(bill.id, bill.owed_fen), bill.collect_mode != "full" and not exact
        )
        for bill in owed
    ]
    judged = await abnormal.judge(wanted, operator=operator)
    plain = [one for one in wanted if one.bill.id not in judged.held]
    collected = await _take(plain, operator, matched_by)
    short = [rest for one in plain if (rest := one.after(collected[one.bill.id])) is not None]
    for bill_id, more in (await _take_on_credit(short, operator, matched_by)).items():
        collected[bill_id] = Collected(more.bill, collected[bill_id].taken_fen + more.taken_fen)
    await abnormal.tell(judged, list(collected.values()))
    for one in wanted:
        if one.bill.id in judged.held:
            review_no = await abnormal.hold(one, judged.findings[one.bill.id], operator=operator)
            collected[one.bill.id] = Collected(replace(one.bill, pending_no=review_no), 0)
    return [collected[bill.id] for bill in owed]


async def _take(
    wanted: Sequence[credit_draws.Wanted], operator: str, matched_by: str | None
) -> dict[int, Collected]:
    posted = await posting.post([_payment(one, operator) for one in wanted])
    assert all(result.outcome in ("posted", "insufficient") for result in posted), posted
    taken = [(one.bill, result) for one, result in zip(wanted, posted, strict=True) if result.is_new]
    return await _settle([one.bill for one in wanted], taken, matched_by)


async def _take_on_credit(
    wanted: Sequence[credit_draws.Wanted], operator: str, matched_by: str | None
) -> dict[int, Collected]:
    """Takes what balances did not cover, each bill after its draw; those without enough credit are left out."""
    draws = await credit_draws.plan(wanted, operator=operator)
    if not draws:
        return {}
    pairs = [(draw.transfer(operator), _payment(draw.wanted, operator)) for draw in draws]
    posted = await credit_line.post([transfer for pair in pairs for transfer in pair])
    assert all(result.is_new for result in posted), posted
    await credit_draws.tell(draws)
    taken = [(draw.wanted.bill, result) for draw, result in zip(draws, posted[1::2], strict=True)]
    drawn = {draw.wanted.bill.id: draw.amount_fen for draw in draws}
    return await _settle([draw.wanted.bill for draw in draws], taken, matched_by, drawn)


def _payment(wanted: credit_draws.Wanted, operator: str) -> posting.Transfer:
    """The payment that the bill's state calls for. What is paid so far is part of the reference: under the bill's lock it only
    grows, whoever pays, so no stage can be taken twice."""
    bill = wanted.bill
    assert 0 < wanted.amount_fen <= bill.owed_fen
    customer = accounts.of_customer(bill.customer_id)
    return posting.Transfer(
        f"bill:{bill.bill_no}:{bill.paid_fen}",
        "bill_payment",
        (posting.debit(customer, accounts.REVENUE, wanted.amount_fen, partial=wanted.or_less),),
        operator=operator,
        memo=bill.title,
    )


async def _settle(
    owed: Sequence[Bill],
    taken: Sequence[tuple[Bill, posting.Posted]],
    matched_by: str | None,
    drawn: Mapping[int, int] | None = None,
) -> dict[int, Collected]:
    after = await _record(taken, matched_by)
    await _tell(taken, drawn or {})
    moved = {bill.id: posted.moved_fen for bill, posted in taken}
    return {bill.id: Collected(after.get(bill.id, bill), moved.get(bill.id, 0)) for bill in owed}


async def settle_captured(bill: Bill, posted: posting.Posted, *, drawn_fen: int) -> Bill:
    """A locked bill was paid with what a hold on the balance had for it, ``drawn_fen`` of that drawn on credit."""
    (collected,) = (await _settle([bill], [(bill, posted)], None, {bill.id: drawn_fen})).values()
    return collected.bill


_RECORD = f"""
WITH taken AS (
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS t (bill_id, reference, amount_fen)
), recorded AS (
    INSERT INTO bill_payment (bill_id, tender, amount_fen, refunded_fen, transfer_reference, matched_by, created_at)
    SELECT bill_id, 'balance', amount_fen, 0, reference, $5, $4 FROM taken
), changed AS (
    UPDATE bill SET paid_fen = bill.paid_fen + t.amount_fen,
        state = CASE WHEN bill.paid_fen + t.amount_fen >= bill.amount_fen THEN 'paid' ELSE 'partly_paid' END,
        paid_at = CASE WHEN bill.paid_fen + t.amount_fen >= bill.amount_fen THEN $4 END
    FROM taken t WHERE bill.id = t.bill_id AND bill.state <> 'void' AND bill.paid_fen < bill.amount_fen
    RETURNING bill.*
), periods AS (
    UPDATE plan_period SET state = 'charged' FROM changed WHERE plan_period.bill_id = changed.id AND changed.state = 'paid'
)
SELECT {COLUMNS} FROM changed
"""


async def _record(taken: Sequence[tuple[Bill, posting.Posted]], matched_by: str | None) -> dict[int, Bill]:
    if not taken:
        return {}
    rows = await db.fetch(
        _RECORD,
        [bill.id for bill, _ in taken],
        [posted.reference for _, posted in taken],
        [posted.moved_fen for _, posted in taken],
        clock.now(),
        matched_by,
    )
    assert len(rows) == len(taken), "a bill was collected that its caller had not locked"
    return {row["id"]: Bill(*row) for row in rows}


async def _tell(taken: Sequence[tuple[Bill, posting.Posted]], drawn: Mapping[int, int]) -> None:
    """Receipts and low-balance alerts. What was drawn on credit for a payment was never the customer's balance."""
    now = clock.now()
    await low_balance.tell(
        [
            outbox.Message(
                bill.customer_id,
                "deducted",
                posted.reference,
                {
                    "title": bill.title,
                    "bill_no": bill.bill_no,
                    "amount_fen": posted.moved_fen,
                    "available_fen": posted.available_after_fen,
                    "at": now,
                },
            )
            for bill, posted in taken
        ],
        [
            outbox.Movement(
                bill.customer_id,
                posted.reference,
                (posted.available_before_fen or 0) - drawn.get(bill.id, 0),
                posted.available_after_fen or 0,
            )
            for bill, posted in taken
        ],
    )


_LOCK = f"SELECT {COLUMNS} FROM bill WHERE bill_no = $1 FOR NO KEY UPDATE"


async def lock(bill_no: str) -> Bill:
    """Locks one bill until the transaction ends.

    Raises:
        NoSuchBill: there is none of this number.
    """
    row = await db.fetchrow(_LOCK, bill_no)
    if row is None:
        raise NoSuchBill(bill_no=bill_no)
    return Bill(*row)


async def take_in_full(bill: Bill, *, operator: str) -> Bill:
    """Takes a locked bill from the balance, or refuses; the bill comes back ``under_review`` where a rule wants it looked at.

    Raises:
        InsufficientBalance: the available balance does not cover what is owed (of a bill paid in parts: any of it).
        BillNotOwed: it is paid or void.
        BillPaymentPending: it is being paid through a channel.
    """
    if bill.state not in OWED:
        raise BillNotOwed(bill_no=bill.bill_no, state=bill.state)
    refuse_pending(bill)
    (collected,) = await collect([bill], operator=operator)
    if not collected.taken_fen and not collected.bill.under_review:
        balance = await accounts.balance(bill.customer_id)
        raise InsufficientBalance(available_fen=balance.available_fen, amount_fen=bill.owed_fen)
    return collected.bill


def refuse_pending(bill: Bill) -> None:
    """Refuses to touch a locked bill while a payment through a channel, or a review of one, is under way for it.

    Raises:
        BillPaymentPending: it is; the refusal names the combined payment.
        BillUnderReview: an operator has to decide first.
    """
    if bill.under_review:
        raise BillUnderReview(bill_no=bill.bill_no)
    if bill.pending_no is not None:
        raise BillPaymentPending(bill_no=bill.bill_no, combined_no=bill.pending_no)


async def take(bill: Bill, amount_fen: int | None, *, operator: str) -> Bill:
    """Takes a stated amount of a locked bill from the balance, or refuses. None: all that is owed, of a bill in instalments
    what is due (or, when nothing is, the next part), and of a bill that may be paid in part what the balance has.

    Raises:
        AmountAboveOwed: less than that is owed.
        PaidInFullOnly: it is less than the bill, which is not to be paid in parts.
        InsufficientBalance, BillNotOwed, BillPaymentPending.
    """
    if bill.state not in OWED:
        raise BillNotOwed(bill_no=bill.bill_no, state=bill.state)
    refuse_pending(bill)
    if amount_fen is None:
        if bill.collect_mode != "instalments":
            return await take_in_full(bill, operator=operator)
        amount_fen = parts.asked_fen((await parts.running([bill.id]))[bill.id])
    if amount_fen > bill.owed_fen:
        raise AmountAboveOwed(amount_fen=amount_fen, owed_fen=bill.owed_fen)
    if bill.collect_mode == "full" and amount_fen < bill.owed_fen:
        raise PaidInFullOnly(bill_no=bill.bill_no, owed_fen=bill.owed_fen)
    (collected,) = await collect([bill], operator=operator, asked={bill.id: amount_fen}, exact=True)
    if not collected.taken_fen and not collected.bill.under_review:
        balance = await accounts.balance(bill.customer_id)
        raise InsufficientBalance(available_fen=balance.available_fen, amount_fen=amount_fen)
    return collected.bill


def refuse_of_an_order(bill: Bill) -> None:
    """Refuses what is done to bills themselves for those of orders.

    Raises:
        BillOfAnOrder: it is one.
    """
    if bill.is_of_an_order:
        raise BillOfAnOrder(bill_no=bill.bill_no)


_VOID = """
UPDATE bill SET state = 'void', voided_at = $2, voided_by = $3, void_reason = $4 WHERE id = $1 AND state = 'open' AND pending_no IS NULL
"""


async def void(bill: Bill, *, operator: str | None = None, reason: str | None = None) -> None:
    """Nothing is owed on a locked, unpaid bill any more; a review that waits for a decision on it ends with it.
    Money that was held for one is free then: ``matching.voiding`` does with it what is due.

    Raises:
        BillPaymentPending: it is being paid through a channel.
    """
    if bill.under_review and bill.pending_no is not None:
        await abnormal.withdraw(
            bill.id, bill.pending_no, by=operator or accounts.of_customer(bill.customer_id)
        )
        bill = replace(bill, pending_no=None)
    refuse_pending(bill)
    done = await db.execute(_VOID, bill.id, clock.now(), operator, reason)
    assert done, f"bill {bill.bill_no} is not open"


@db.retried
async def pay(customer_id: int, bill_no: str, *, amount_fen: int | None = None, key: str) -> Bill:
    """The customer pays one bill of theirs from the balance, or ``amount_fen`` of it; ``take`` says what leaving the amount
    out means. Paying again with the same key changes nothing.

    Bills of orders are paid with the order (``shop.orders.pay``).

    Raises:
        NoSuchBill, BillNotOwed, BillPaymentPending, AmountAboveOwed, PaidInFullOnly, InsufficientBalance, KeyReused.
    """
    caller = accounts.of_customer(customer_id)

    async def act() -> None:
        bill = await lock(bill_no)
        if bill.customer_id != customer_id or bill.is_of_an_order:
            raise NoSuchBill(bill_no=bill_no)
        await take(bill, amount_fen, operator=caller)

    async with db.transaction():
        await idempotency.once(
            caller=caller,
            operation="bills.pay",
            key=key,
            content={"bill_no": bill_no, "amount_fen": amount_fen},
            act=act,
            answer=bill_no,
        )
    return await get(customer_id, bill_no)


_LOCK_OVERDUE = f"""
SELECT {COLUMNS} FROM bill
WHERE customer_id = $1 AND state IN ('open', 'partly_paid') AND pending_no IS NULL AND automatic AND due_at <= $2
ORDER BY id FOR NO KEY UPDATE
"""
_LOCK_FREE_OVERDUE = f"{_LOCK_OVERDUE} SKIP LOCKED"


async def lock_overdue(customer_id: int, *, wait: bool = True) -> list[Bill]:
    """Locks the customer's due bills that may be taken without asking, in the order they were issued.

    Bills are locked before accounts, so who holds the account already must not ``wait``: bills that another transaction
    holds are then left out.
    """
    statement = _LOCK_OVERDUE if wait else _LOCK_FREE_OVERDUE
    return [Bill(*row) for row in await db.fetch(statement, customer_id, clock.now())]


_GET = f"SELECT {COLUMNS} FROM bill WHERE bill_no = $1 AND customer_id = $2"


async def get(customer_id: int, bill_no: str) -> Bill:
    """One bill of the customer.

    Raises:
        NoSuchBill: it is not theirs or does not exist.
    """
    row = await db.fetchrow(_GET, bill_no, customer_id)
    if row is None:
        raise NoSuchBill(bill_no=bill_no)
    return Bill(*row)


_FIND = f"SELECT {COLUMNS} FROM bill WHERE bill_no = $1"


async def find(bill_no: str) -> Bill:
    """One bill, whosever it is, for operators.

    Raises:
        NoSuchBill: there is none of this number.
    """
    row = await db.fetchrow(_FIND, bill_no)
    if row is None:
        raise NoSuchBill(bill_no=bill_no)
    return Bill(*row)


_PAGE = f"""
SELECT {COLUMNS} FROM bill WHERE customer_id = $1 AND id < $2 AND ($3::text[] IS NULL OR state = ANY ($3))
ORDER BY id DESC LIMIT $4
"""


async def page(
    customer_id: int, *, states: Sequence[str] | None = None, before: int | None = None, limit: int = 20
) -> list[Bill]:
    """The customer's bills, newest first; ``before`` is the id the last page ended at."""
    rows = await db.fetch(_PAGE, customer_id, before if before is not None else 2**62, states, limit)
    return [Bill(*row) for row in rows]


_DUE = f"""
SELECT {COLUMNS} FROM bill WHERE state IN ('open', 'partly_paid') AND due_at <= $1 AND id < $2 ORDER BY id DESC LIMIT $3
"""


async def due(*, before: int | None = None, limit: int = 20) -> list[Bill]:
    """All customers' bills that are due and not paid, newest first, for operators."""
    return [
        Bill(*row)
        for row in await db.fetch(_DUE, clock.now(), before if before is not None else 2**62, limit)
    ]
