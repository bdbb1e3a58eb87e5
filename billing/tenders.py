"""Tenders: what follows when a channel's word about a bill's payment is definite, in the transaction that hears it.

The share of the balance is held as ``combined:<number>`` while the payment is open, and ends with it: captured when the
channel has the rest, else released. Money that comes when its bill cannot be settled any more goes on the balance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from billing import (
    abnormal,
    bills,
    collecting,
    credit_draws,
    credits,
    low_balance,
    matching,
    settled,
    standing,
)
from core import clock, db
from ledger import accounts, holds, posting
from notifications import outbox

Settlement = Literal["settled", "credited"]


@dataclass(frozen=True, slots=True)
class _Combined:
    id: int
    combined_no: str
    customer_id: int
    balance_fen: int
    channel_fen: int
    state: str
    bill_no: str
    source: str

    @property
    def reference(self) -> str:
        return reference(self.combined_no)

    @property
    def total_fen(self) -> int:
        return self.balance_fen + self.channel_fen


def reference(combined_no: str) -> str:
    """The reference of a combined payment's hold, and of the transfer that moves the channel's share."""
    return f"combined:{combined_no}"


_LOCK = """
SELECT c.id, c.combined_no, c.customer_id, c.balance_fen, c.channel_fen, c.state, b.bill_no, b.source
FROM combined_payment c JOIN bill b ON b.id = c.bill_id WHERE c.combined_no = $1 FOR NO KEY UPDATE OF c
"""
_END = "UPDATE combined_payment SET state = $2, ended_at = $3 WHERE id = $1"
_FREE_BILL = "UPDATE bill SET pending_no = NULL WHERE bill_no = $1 AND pending_no = $2"


async def paid(combined_no: str, *, payment_no: str, channel: str) -> Settlement:
    """The channel has its share. The caller holds the payment's lock and hears this once.

    ``settled``: the bill is paid with both shares. That is also so when the word comes after we closed the payment, if the
    bill is as it was and the balance still covers its share. ``credited``: otherwise the money is the customer's, as
    principal, and they are told.
    """
    combined = await _locked(combined_no)
    await settled.lock_issuer(combined.source)
    bill = await bills.lock(combined.bill_no)
    if await _settle(combined, bill, payment_no=payment_no, channel=channel):
        await db.execute(_END, combined.id, "paid", clock.now())
        return "settled"
    await _end(combined, "credited")
    await _credit(combined, bill, payment_no=payment_no, channel=channel)
    return "credited"


async def closed(combined_no: str) -> None:
    """The channel will not have its share: the hold is released, and what it frees may settle due bills. Again is harmless.

    The caller holds the payment's lock.
    """
    combined = await _locked(combined_no)
    if combined.state != "open":
        return
    await bills.lock(combined.bill_no)
    await _end(combined, "closed")


async def _locked(combined_no: str) -> _Combined:
    row = await db.fetchrow(_LOCK, combined_no)
    assert row is not None, f"payment for a combined payment {combined_no} that does not exist"
    return _Combined(*row)


async def _settle(combined: _Combined, bill: bills.Bill, *, payment_no: str, channel: str) -> bool:
    waits_for = combined.combined_no if combined.state == "open" else None
    in_part = bill.collect_mode != "full" and bill.owed_fen > combined.total_fen
    is_as_it_was = bill.pending_no == waits_for and (in_part or bill.owed_fen == combined.total_fen)
    if bill.state not in bills.OWED or not is_as_it_was or not await standing.stays(bill.customer_id):
        return False
    judged = await _judge(combined, bill)
    if judged.held and combined.state != "open":
        return False
    share = await _balance_share(combined, bill)
    if share is None and combined.balance_fen:
        return False
    rest = await posting.post_one(
        posting.Transfer(
            combined.reference,
            "bill_payment",
            [posting.between_houses(accounts.clearing(channel), accounts.REVENUE, combined.channel_fen)],
            operator=f"channel:{channel}",
            memo=bill.title,
        )
    )
    parts = [settled.Part(channel, combined.channel_fen, rest.reference, payment_no)]
    if share is not None:
        parts.insert(0, settled.Part("balance", combined.balance_fen, share.reference))
    await settled.settle(bill, parts)
    await _tell_paid(combined, bill, share, channel=channel)
    paid_up = replace(
        bill, paid_fen=bill.amount_fen
    )  # or a part that was paid and told before would be taken for this one
    await abnormal.tell(judged, [collecting.Collected(paid_up, combined.balance_fen)])
    return True


async def _judge(combined: _Combined, bill: bills.Bill) -> abnormal.Judged:
    """What the shop's rules say to the balance's share. One they would hold is not started (``combined.begin``); what has been held
    since then is taken all the same, as the channel has its money, and what would be taken again is not."""
    if not combined.balance_fen:
        return abnormal.Judged()
    share = credit_draws.Wanted(bill, combined.balance_fen, False)
    return await abnormal.judge([share], operator=accounts.of_customer(combined.customer_id))


async def _balance_share(combined: _Combined, bill: bills.Bill) -> posting.Posted | None:
    """Takes the balance's share: what is held for it, or after the hold was released the same amount again, if it is there."""
    if not combined.balance_fen:
        return None
    operator = accounts.of_customer(combined.customer_id)
    if combined.state == "open":
        return await holds.capture(
            combined.reference, amount_fen=combined.balance_fen, target=accounts.REVENUE, kind="bill_payment",
            operator=operator, memo=bill.title,
        )  # fmt: skip
    legs = [posting.debit(operator, accounts.REVENUE, combined.balance_fen)]
    (posted,) = await posting.post(
        [
            posting.Transfer(
                f"again:{combined.reference}", "bill_payment", legs, operator=operator, memo=bill.title
            )
        ]
    )
    return posted if posted.is_done else None


async def _tell_paid(
    combined: _Combined, bill: bills.Bill, share: posting.Posted | None, *, channel: str
) -> None:
    movements = []
    if share is not None:
        before, after = share.available_before_fen or 0, share.available_after_fen or 0
        movements.append(outbox.Movement(combined.customer_id, share.reference, before, after))
    balance = await accounts.balance(combined.customer_id)
    params = {
        "title": bill.title,
        "bill_no": bill.bill_no,
        "amount_fen": combined.total_fen,
        "balance_fen": combined.balance_fen,
        "channel_fen": combined.channel_fen,
        "channel": channel,
        "available_fen": balance.available_fen,
        "at": clock.now(),
    }
    message = outbox.Message(combined.customer_id, "bill_paid", combined.reference, params)
    await low_balance.tell([message], movements)


async def _end(combined: _Combined, state: str) -> None:
    """Ends it without paying: the bill is free again, the hold is released, due bills are settled with what that frees."""
    was_open = combined.state == "open"
    await db.execute(_END, combined.id, state, clock.now())
    if not was_open:
        return
    await db.execute(_FREE_BILL, combined.bill_no, combined.combined_no)

    async def let_go() -> tuple[None, bool]:
        if combined.balance_fen:
            await holds.release(combined.reference)
        return None, True

    await matching.settling(combined.customer_id, let_go)


async def _credit(combined: _Combined, bill: bills.Bill, *, payment_no: str, channel: str) -> None:
    customer = accounts.of_customer(combined.customer_id)
    legs = [posting.credit(accounts.clearing(channel), customer, combined.channel_fen, kind="principal")]

    def told(posted: posting.Posted) -> outbox.Message:
        params = {
            "title": bill.title,
            "bill_no": bill.bill_no,
            "amount_fen": combined.channel_fen,
            "available_fen": posted.available_after_fen,
            "at": clock.now(),
        }
        return outbox.Message(combined.customer_id, "payment_credited", posted.reference, params)

    await credits.credit(
        combined.customer_id,
        posting.Transfer(
            f"payment:{payment_no}", "payment_credit", legs, operator=f"channel:{channel}", memo=bill.title
        ),
        told=told,
    )
