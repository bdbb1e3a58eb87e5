"""Refunds of top-ups 充值退款: what is unspent of a top-up goes back, and its bonus with it by the terms recorded on it.

Hold first, channel second: one transfer moves the money out of the customer's lots before anybody is asked; a definite no gives
it back to the very same lots. ``billing.refunds`` is the desk; here everything runs in its transactions, the top-up locked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from billing import claw_back, credits, low_balance, refund_alerts, refund_records
from core import clock, db, errors
from ledger import accounts, origins, posting
from members import customers
from notifications import outbox


class NoSuchTopUp(errors.NotFound):
    """The customer has no credited top-up of this number."""

    code = "no_such_top_up_to_refund"


class NotRefundable(errors.Conflict):
    """More than may go back of this top-up now."""

    code = "top_up_not_refundable"


InsufficientBalance = posting.InsufficientBalance


@dataclass(frozen=True, slots=True)
class TopUp:
    """A credited top-up and what its refund goes by."""

    top_up_no: str
    customer_id: int
    pay_fen: int
    bonus_fen: int
    refunded_fen: int
    clawed_fen: int
    claw_back: claw_back.Rule
    refund_right_days: int
    credited_at: datetime
    payment_no: str | None
    channel: str | None
    paid_at: datetime | None

    @property
    def reference(self) -> str:
        return f"top_up:{self.top_up_no}"

    @property
    def right_ends_at(self) -> datetime:
        return self.credited_at + timedelta(days=self.refund_right_days)

    @property
    def tender(self) -> str:
        """The way its money goes back."""
        if (
            self.channel is None
            or self.paid_at is None
            or self.paid_at + refund_records.CHANNEL_YEAR <= clock.now()
        ):
            return "counter"
        return self.channel


@dataclass(frozen=True, slots=True)
class Offer:
    """What of a top-up may go back now, by which rule, and what a refund of ``amount_fen`` would come to.

    ``by_right``: without a reason and without anybody's approval, until ``right_ends_at``.
    """

    top_up_no: str
    credited_at: datetime
    paid_fen: int
    bonus_fen: int
    spent_fen: int
    expired_fen: int
    principal_left_fen: int
    bonus_left_fen: int
    refunded_fen: int
    refundable_fen: int
    amount_fen: int
    bonus_back_fen: int
    rule: claw_back.Rule
    by_right: bool
    right_ends_at: datetime
    tender: str


_COLUMNS = """
t.top_up_no, t.customer_id, t.pay_fen, t.bonus_fen, t.refunded_fen, t.clawed_fen, t.claw_back, t.refund_right_days,
t.credited_at, p.payment_no, p.channel, p.paid_at
FROM top_up t LEFT JOIN payment p ON p.purpose = 'top_up' AND p.purpose_no = t.top_up_no AND p.state = 'paid'
"""
_GET = f"SELECT {_COLUMNS} WHERE t.top_up_no = $1 AND t.state = 'credited'"
_LOCK = "SELECT 1 FROM top_up WHERE top_up_no = $1 FOR NO KEY UPDATE"
_OPEN = f"""
SELECT {_COLUMNS} WHERE t.customer_id = $1 AND t.state = 'credited' AND t.refunded_fen < t.pay_fen ORDER BY t.id DESC LIMIT $2
"""


async def lock(top_up_no: str) -> TopUp:
    """Locks a credited top-up until the transaction ends.

    Raises:
        NoSuchTopUp.
    """
    await db.execute(_LOCK, top_up_no)
    return await get(top_up_no)


async def get(top_up_no: str, *, customer_id: int | None = None) -> TopUp:
    """One credited top-up, of this customer if one is named.

    Raises:
        NoSuchTopUp.
    """
    row = await db.fetchrow(_GET, top_up_no)
    if row is None or customer_id not in (None, row["customer_id"]):
        raise NoSuchTopUp(top_up_no=top_up_no)
    return TopUp(*row)


async def newest(customer_id: int, *, limit: int) -> list[TopUp]:
    """A customer's credited top-ups that are not wholly refunded, the newest first."""
    return [TopUp(*row) for row in await db.fetch(_OPEN, customer_id, limit)]


_LOCK_ALL = """
SELECT top_up_no FROM top_up WHERE customer_id = $1 AND state = 'credited' AND refunded_fen < pay_fen ORDER BY id FOR NO KEY UPDATE
"""


async def lock_of(customer_id: int) -> list[TopUp]:
    """Locks all of a customer's credited top-ups that are not wholly refunded; the oldest first."""
    return [await get(row["top_up_no"]) for row in await db.fetch(_LOCK_ALL, customer_id)]


_HAD_BEFORE = f"""
SELECT EXISTS (
    SELECT FROM bill b JOIN bill_payment p ON p.bill_id = b.id
    WHERE b.customer_id = ANY ({customers.NUMBERS.format("$1")}) AND p.created_at < $2 AND p.amount_fen > p.refunded_fen
)
"""


async def _rule_of(top_up: TopUp) -> claw_back.Rule:
    """The customer's right, within its days, unless they had been served (paid a bill, not refunded) before this top-up, under whatever
    number they had then."""
    if clock.now() >= top_up.right_ends_at:
        return top_up.claw_back
    had = await db.fetchval(_HAD_BEFORE, top_up.customer_id, top_up.credited_at)
    return top_up.claw_back if had else "right"


async def offer(
    top_up: TopUp, amount_fen: int | None = None, *, lock: bool = False, rule: claw_back.Rule | None = None
) -> Offer:
    """What may go back of a top-up now, by its own rule unless another is given; without an amount, all of it. An amount beyond what
    may go back comes to nothing."""
    rule = rule or await _rule_of(top_up)
    left = await origins.left_of(top_up.customer_id, top_up.reference, lock=lock)
    standing = claw_back.Standing(
        top_up.pay_fen, top_up.bonus_fen, left.of("principal"), left.of("bonus"), top_up.refunded_fen, top_up.clawed_fen,
        left.expired_fen,
    )  # fmt: skip
    # credit that was used is paid back before money leaves the shop
    most_fen = 0 if left.credit_used_fen else claw_back.refundable_fen(standing, rule)
    wanted_fen = most_fen if amount_fen is None else amount_fen
    fits = 0 < wanted_fen <= most_fen
    return Offer(
        top_up_no=top_up.top_up_no,
        credited_at=top_up.credited_at,
        paid_fen=top_up.pay_fen,
        bonus_fen=top_up.bonus_fen,
        spent_fen=standing.spent_fen,
        expired_fen=standing.expired_fen,
        principal_left_fen=standing.principal_left_fen,
        bonus_left_fen=standing.bonus_left_fen,
        refunded_fen=top_up.refunded_fen,
        refundable_fen=most_fen,
        amount_fen=wanted_fen if fits else 0,
        bonus_back_fen=claw_back.bonus_with(standing, rule, wanted_fen) if fits else 0,
        rule=rule,
        by_right=rule == "right",
        right_ends_at=top_up.right_ends_at,
        tender=top_up.tender,
    )


async def preview(customer_id: int, top_up_no: str, *, amount_fen: int | None = None) -> Offer:
    """What of a customer's top-up may go back now, and why so much.

    Raises:
        NoSuchTopUp.
    """
    top_up = await get(top_up_no, customer_id=customer_id)
    return await offer(top_up, amount_fen)


async def offers(customer_id: int, *, limit: int) -> list[Offer]:
    """The same of the customer's newest top-ups of which something may go back."""
    found = [await offer(top_up) for top_up in await newest(customer_id, limit=limit)]
    return [one for one in found if one.refundable_fen]


_OUT = "UPDATE top_up SET refunded_fen = refunded_fen + $2, clawed_fen = clawed_fen + $3 WHERE top_up_no = $1"


async def hold(
    top_up: TopUp,
    amount_fen: int | None,
    *,
    operator: str,
    reason: str,
    tender: str | None,
    decided_by: str | None,
    ask_at: datetime,
    retry_of: str | None = None,
    rule: claw_back.Rule | None = None,
    closing_no: str | None = None,
) -> refund_records.Refund:
    """Takes what is to go back out of the customer's lots and writes the refund down. Without an amount: all that may.

    It waits for an operator unless somebody has decided (``decided_by``) or it is the customer's right.

    Raises:
        NotRefundable: nothing, or less, may go back.
        InsufficientBalance: the money is there, but held for something else.
    """
    offered = await offer(top_up, amount_fen, lock=True, rule=rule)
    if not offered.amount_fen:
        raise NotRefundable(refundable_fen=offered.refundable_fen, amount_fen=amount_fen or 0)
    decided = offered.by_right or decided_by is not None
    tender = tender or offered.tender
    payment_no = None if tender == "counter" else top_up.payment_no
    to_channel = decided and payment_no is not None
    refund = await refund_records.create(
        customer_id=top_up.customer_id, kind="top_up", subject_no=top_up.top_up_no, reason=reason, operator=operator,
        state="open" if decided else "requested", bonus_fen=offered.bonus_back_fen, rule=offered.rule,
        decided_by=decided_by, retry_of=retry_of, closing_no=closing_no,
        parts=[
            refund_records.NewPart(
                tender, offered.amount_fen, "open" if to_channel else "waiting", payment_no,
                ask_at=ask_at if to_channel else None,
            )
        ],
    )  # fmt: skip
    await _take(top_up, refund)
    await db.execute(_OUT, top_up.top_up_no, refund.amount_fen, refund.bonus_fen)
    if not decided:
        await refund_alerts.requested(refund)
    elif not to_channel:
        await refund_alerts.at_counter(refund, refund.parts[0])
    return refund


async def _take(top_up: TopUp, refund: refund_records.Refund) -> None:
    customer = accounts.of_customer(top_up.customer_id)
    left = await origins.left_of(top_up.customer_id, top_up.reference)
    legs = [
        posting.debit(customer, accounts.REFUNDS_PENDING, piece.amount_fen, lot=piece.lot_id)
        for piece in left.take("principal", refund.amount_fen)
    ] + [
        posting.debit(customer, accounts.BONUS_COST, piece.amount_fen, lot=piece.lot_id)
        for piece in left.take("bonus", refund.bonus_fen)
    ]
    posted = await posting.post_one(
        posting.Transfer(
            reference(refund), "top_up_refund", legs, operator=refund.operator, memo=refund.reason
        )
    )
    params = {
        "top_up_no": top_up.top_up_no,
        "refund_no": refund.refund_no,
        "amount_fen": refund.amount_fen,
        "bonus_fen": refund.bonus_fen,
        "available_fen": posted.available_after_fen,
        "at": clock.now(),
    }
    kind: outbox.Kind = "refund_requested" if refund.state == "requested" else "top_up_refund_started"
    message = outbox.Message(top_up.customer_id, kind, posted.reference, params)
    if refund.closing_no is not None:  # who gives the account up need not hear that little is left
        await outbox.tell([message])
        return
    await low_balance.tell(
        [message],
        [
            outbox.Movement(
                top_up.customer_id,
                posted.reference,
                posted.available_before_fen or 0,
                posted.available_after_fen or 0,
            )
        ],
    )


def reference(refund: refund_records.Refund) -> str:
    """The reference of the transfer that takes the money out of the lots."""
    return f"top_up_refund:{refund.refund_no}"


async def paid_back(
    refund: refund_records.Refund, part: refund_records.Part, *, operator: str, tender: str | None = None
) -> None:
    """The channel, or somebody at the counter, has paid it back; by another ``tender`` than it was meant to, if one is named."""
    house = accounts.clearing(tender or part.tender)
    leg = posting.between_houses(accounts.REFUNDS_PENDING, house, part.amount_fen)
    transfer = posting.Transfer(
        f"refund:{part.part_no}",
        "top_up_refund_paid",
        [leg],
        operator=operator,
        memo=refund.reason,
    )
    await posting.post_one(transfer)
    await refund_records.end_part(part, "paid")
    params = {
        "title": refund.subject_no,
        "refund_no": refund.refund_no,
        "amount_fen": part.amount_fen,
        "at": clock.now(),
    }
    await outbox.tell([outbox.Message(refund.customer_id, "top_up_refund_paid", transfer.reference, params)])


async def give_back(refund: refund_records.Refund, part: refund_records.Part, *, operator: str) -> None:
    """It will not be paid back: the money returns to the very lots it was taken from, bonus and all."""
    transfer_id, pieces = await origins.still_out(reference(refund), given_back=())
    customer = accounts.of_customer(refund.customer_id)
    houses = {"principal": accounts.REFUNDS_PENDING, "bonus": accounts.BONUS_COST}
    legs = [
        posting.give_back(houses[piece.kind], customer, piece.amount_fen, lot=piece.lot_id)
        for piece in pieces
    ]
    transfer = posting.Transfer(
        f"refund_return:{part.part_no}", "top_up_refund_return", legs, operator=operator, memo=refund.reason,
        reverses=transfer_id,
    )  # fmt: skip
    await refund_records.end_part(part, "failed")
    await db.execute(_OUT, refund.subject_no, -refund.amount_fen, -refund.bonus_fen)

    def told(posted: posting.Posted) -> outbox.Message:
        params = {
            "top_up_no": refund.subject_no,
            "refund_no": refund.refund_no,
            "amount_fen": refund.amount_fen,
            "available_fen": posted.available_after_fen,
            "at": clock.now(),
        }
        return outbox.Message(refund.customer_id, "top_up_refund_failed", posted.reference, params)

    await credits.credit(refund.customer_id, transfer, told=told)
