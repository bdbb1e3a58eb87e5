"""Collecting 扣款: taking what is owed from the balance. Every deduction goes through ``collect``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from billing import abnormal, bills, credit_draws, low_balance, parts
from core import clock, db, errors
from ledger import accounts, credit_line, idempotency, posting
from notifications import outbox


class AmountAboveOwed(errors.Invalid):
    """More was to be paid than is owed on the bill."""

    code = "amount_above_owed"


class PaidInFullOnly(errors.Conflict):
    """The bill is not to be paid in parts."""

    code = "paid_in_full_only"


InsufficientBalance = posting.InsufficientBalance
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Collected:
    """What taking a bill from the balance came to: how much was taken, and the bill after it."""

    bill: bills.Bill
    taken_fen: int

    @property
    def is_settled(self) -> bool:
        return self.bill.state == "paid"


async def collect(
    owed: Sequence[bills.Bill],
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
    """The payment that the bill's state calls for. What is paid so far is part of the reference: under the bill's lock it grows, whoever
    pays, and only the last payment can be undone, if it was made at the counter; so no stage can be taken twice."""
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
    owed: Sequence[bills.Bill],
    taken: Sequence[tuple[bills.Bill, posting.Posted]],
    matched_by: str | None,
    drawn: Mapping[int, int] | None = None,
) -> dict[int, Collected]:
    after = await _record(taken, matched_by)
    await _tell(taken, drawn or {})
    moved = {bill.id: posted.moved_fen for bill, posted in taken}
    return {bill.id: Collected(after.get(bill.id, bill), moved.get(bill.id, 0)) for bill in owed}


async def settle_captured(bill: bills.Bill, posted: posting.Posted, *, drawn_fen: int) -> bills.Bill:
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
    FROM taken t WHERE bill.id = t.bill_id AND bill.state IN ('open', 'partly_paid') AND bill.paid_fen < bill.amount_fen
    RETURNING bill.*
), periods AS (
    UPDATE plan_period SET state = CASE changed.state WHEN 'paid' THEN 'charged' ELSE 'partly' END, reason = NULL,
        ended_at = CASE changed.state WHEN 'paid' THEN $4 END
    FROM changed WHERE plan_period.bill_id = changed.id
)
SELECT {bills.COLUMNS} FROM changed
"""


async def _record(
    taken: Sequence[tuple[bills.Bill, posting.Posted]], matched_by: str | None
) -> dict[int, bills.Bill]:
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
    return {row["id"]: bills.Bill(*row) for row in rows}


async def _tell(taken: Sequence[tuple[bills.Bill, posting.Posted]], drawn: Mapping[int, int]) -> None:
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


async def take_in_full(bill: bills.Bill, *, operator: str) -> bills.Bill:
    """Takes a locked bill from the balance, or refuses; the bill comes back ``under_review`` where a rule wants it looked at.

    Raises:
        InsufficientBalance: the available balance does not cover what is owed (of a bill paid in parts: any of it).
        BillNotOwed: it is paid or void.
        BillPaymentPending: it is being paid through a channel.
    """
    if bill.state not in bills.OWED:
        raise bills.BillNotOwed(bill_no=bill.bill_no, state=bill.state)
    bills.refuse_pending(bill)
    (collected,) = await collect([bill], operator=operator)
    if not collected.taken_fen and not collected.bill.under_review:
        balance = await accounts.balance(bill.customer_id)
        raise InsufficientBalance(available_fen=balance.available_fen, amount_fen=bill.owed_fen)
    return collected.bill


async def take(bill: bills.Bill, amount_fen: int | None, *, operator: str) -> bills.Bill:
    """Takes a stated amount of a locked bill from the balance, or refuses. None: all that is owed, of a bill in instalments
    what is due (or, when nothing is, the next part), and of a bill that may be paid in part what the balance has.

    Raises:
        AmountAboveOwed: less than that is owed.
        PaidInFullOnly: it is less than the bill, which is not to be paid in parts.
        InsufficientBalance, BillNotOwed, BillPaymentPending.
    """
    if bill.state not in bills.OWED:
        raise bills.BillNotOwed(bill_no=bill.bill_no, state=bill.state)
    bills.refuse_pending(bill)
    if amount_fen is None:
        if bill.collect_mode != "instalments":
            return await take_in_full(bill, operator=operator)
        amount_fen = parts.asked_fen((await parts.running([bill.id]))[bill.id])
    refuse_amount(bill, amount_fen)
    (collected,) = await collect([bill], operator=operator, asked={bill.id: amount_fen}, exact=True)
    if not collected.taken_fen and not collected.bill.under_review:
        balance = await accounts.balance(bill.customer_id)
        raise InsufficientBalance(available_fen=balance.available_fen, amount_fen=amount_fen)
    return collected.bill


def refuse_amount(bill: bills.Bill, amount_fen: int) -> None:
    """Refuses an amount by which a locked bill is not to be paid.

    Raises:
        AmountAboveOwed, PaidInFullOnly.
    """
    if amount_fen > bill.owed_fen:
        raise AmountAboveOwed(amount_fen=amount_fen, owed_fen=bill.owed_fen)
    if bill.collect_mode == "full" and amount_fen < bill.owed_fen:
        raise PaidInFullOnly(bill_no=bill.bill_no, owed_fen=bill.owed_fen)


@db.retried
async def pay(customer_id: int, bill_no: str, *, amount_fen: int | None = None, key: str) -> bills.Bill:
    """The customer pays one bill of theirs from the balance, or ``amount_fen`` of it; ``take`` says what leaving the amount
    out means. Paying again with the same key changes nothing.

    Bills of orders are paid with the order (``shop.orders.pay``), the later parts of one by instalments here.

    Raises:
        NoSuchBill, BillNotOwed, BillPaymentPending, AmountAboveOwed, PaidInFullOnly, InsufficientBalance, KeyReused.
    """
    caller = accounts.of_customer(customer_id)

    async def act() -> None:
        bill = await bills.lock(bill_no)
        if bill.customer_id != customer_id or bill.is_paid_with_its_order:
            raise bills.NoSuchBill(bill_no=bill_no)
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
    return await bills.get(customer_id, bill_no)
