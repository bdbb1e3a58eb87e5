"""A channel's fees in the books: the cost of collection, one posting for each day and channel, made when the day is closed.

The sum of the bill, in thousandths of a fen, is posted in whole fen, half away from zero: at most half a fen a day differs, and
the exact sum is kept beside it. What refunds gave back is in the sum already. ``house:fees`` is negative by what collecting has cost;
what the channel kept is no longer held for us, so its account comes nearer to zero.
"""

from __future__ import annotations

from core import clock, db
from ledger import accounts, posting
from reconciliation import days, history


def whole_fen(fee_milli: int) -> int:
    """Thousandths of a fen as fen, half away from zero."""
    fen = (abs(fee_milli) + 500) // 1000
    return fen if fee_milli >= 0 else -fen


_FILE = "SELECT id, fee_milli FROM bill_file WHERE day_id = $1 AND is_current"
_TIMES = "SELECT count(*) FROM channel_fee WHERE day_id = $1"
_KEEP = """
INSERT INTO channel_fee (day_id, file_id, fee_milli, amount_fen, transfer_reference, posted_at) VALUES ($1, $2, $3, $4, $5, $6)
"""


async def post(day: days.Day, *, by: str) -> int:
    """Posts the fees of a day that is being closed, in its transaction. Returns the amount; negative: more came back."""
    file = await db.fetchrow(_FILE, day.id)
    fee_milli = file["fee_milli"] if file is not None else 0
    amount_fen = whole_fen(fee_milli)
    reference = None
    if amount_fen:
        times = await db.fetchval(_TIMES, day.id)
        reference = f"channel_fee:{day.channel}:{day.day}:{times + 1}"
        leg = _leg(day.channel, amount_fen)
        await posting.post_one(
            posting.Transfer(reference, "channel_fee", [leg], operator=by, memo=f"{day.channel} {day.day}")
        )
    file_id = file["id"] if file is not None else None
    await db.execute(_KEEP, day.id, file_id, fee_milli, amount_fen, reference, clock.now())
    return amount_fen


def _leg(channel: str, amount_fen: int) -> posting.Leg:
    kept = (accounts.FEES, accounts.clearing(channel))
    source, target = kept if amount_fen > 0 else reversed(kept)
    return posting.between_houses(source, target, abs(amount_fen))


_IN_FORCE = """
SELECT f.id, f.amount_fen, f.transfer_reference, t.id AS transfer_id FROM channel_fee f
LEFT JOIN transfer t ON t.reference = f.transfer_reference WHERE f.day_id = $1 AND f.reversed_at IS NULL
"""
_REVERSED = "UPDATE channel_fee SET reversed_at = $2, reversal_reference = $3 WHERE id = $1"


async def reverse(day: days.Day, *, by: str) -> None:
    """Undoes what was posted for a day that is opened again, in its transaction."""
    fee = await db.fetchrow(_IN_FORCE, day.id)
    if fee is None:
        return
    reference = None
    if fee["amount_fen"]:
        reference = fee["transfer_reference"].replace("channel_fee:", "channel_fee_back:", 1)
        leg = _leg(day.channel, -fee["amount_fen"])
        await posting.post_one(
            posting.Transfer(
                reference,
                "channel_fee_reversal",
                [leg],
                operator=by,
                memo=f"{day.channel} {day.day}",
                reverses=fee["transfer_id"],
            )
        )
    await db.execute(_REVERSED, fee["id"], clock.now(), reference)
    await history.add(day.id, "fees_reversed", by, amount_fen=fee["amount_fen"])
