"""The proof names what is wrong with compared days, their bills, fees and differences (I20)."""

import secrets
from datetime import timedelta

import pytest

from billing import approvals, terms
from core import db as database
from reconciliation import closing, resolving
from tests.gateways.bill_files import DAY
from tests.ledger import breaking
from tests.reconciliation import books

LIMIT_FEN = terms.Terms().approval_above_fen


async def a_reconciled_day(path, day=DAY):
    """A closed day with fees, a refund, a difference that moved money under an approval; and one compared with a payment twice."""
    keeper = books.BookKeeper()
    trade = await books.paid(200_000, when=books.at(day=day))
    more = books.row(trade, amount_fen=200_000 + LIMIT_FEN + 1, fee_milli=600_000)
    rest = await books.paid(900, when=books.at(11, day=day))
    part_no = await books.refunded(rest, 300, when=books.at(15, day=day))
    back = books.row(rest, amount_fen=300, refund_no=part_no, fee_milli=-2_000)
    await books.compared(keeper, books.bill([more, books.row(rest, fee_milli=5_000), back]), path, day=day)
    ((number,),) = await books.found("difference_no", state="open", kind="amount")
    asked = await resolving.resolve(1, number, resolving.Wish("adjust", "渠道多收"), key=secrets.token_hex(8))
    assert (await approvals.approve(2, asked.approval_no, key=secrets.token_hex(8))).state == "executed"
    await closing.close(1, "wechat_pay", day, key=secrets.token_hex(8))
    await closing.reopen(1, "wechat_pay", day, reason="复查", key=secrets.token_hex(8))
    await database.execute("UPDATE channel_day SET state = 'matched', match_at = NULL WHERE day = $1", day)
    await closing.close(1, "wechat_pay", day, key=secrets.token_hex(8))
    after = day + timedelta(days=1)
    twice = await books.paid(800, when=books.at(day=after))
    await books.compared(keeper, books.bill([books.row(twice), books.row(twice)]), path, day=after)


BREAKING = {
    "fees were not posted": ("I20", "DELETE FROM channel_fee WHERE reversed_at IS NULL"),
    "the bill's fees changed": ("I20", "UPDATE bill_file SET fee_milli = fee_milli + 1"),
    "other fees were posted": (
        "I20",
        "UPDATE channel_fee SET amount_fen = amount_fen + 1, fee_milli = fee_milli + 1000",
    ),
    "fees moved more": (
        "I20",
        "UPDATE posting SET amount_fen = amount_fen + 1 WHERE transfer_id IN (SELECT id FROM transfer WHERE kind = 'channel_fee')",
    ),
    "fees of another channel": ("I20", "UPDATE channel_day SET channel = 'alipay' WHERE state = 'closed'"),
    "a row is lost": ("I20", "DELETE FROM bill_line WHERE kind = 'refund'"),
    "a row stands for another payment": (
        "I20",
        "UPDATE bill_line SET payment_no = 'P-other' WHERE payment_id IS NOT NULL",
    ),
    "a row agrees that does not": (
        "I20",
        "UPDATE bill_line SET agrees = true WHERE kind = 'payment' AND payment_id IS NOT NULL",
    ),
    "a payment twice and nobody told": (
        "I20",
        "UPDATE difference SET line_id = NULL WHERE kind = 'duplicate'",
    ),
    "closed with a difference": (
        "I20",
        "UPDATE difference SET day_id = (SELECT max(id) FROM channel_day WHERE state = 'closed') WHERE kind = 'duplicate'",
    ),
    "money moved for nothing": ("I20", "DELETE FROM difference WHERE resolution = 'adjust'"),
    "nobody agreed": ("I17", "UPDATE approval SET result = 'D-other' WHERE kind = 'difference'"),
}

_DAY = "a day closed without its fees"
_FEES = "fees that moved another amount"
_ROWS = "a bill whose rows are not what it says"
_ROW = "a row of a bill that stands for"
_TWICE = "a payment or refund of a compared day that stands in bills twice"
_MOVED = "a difference that moved nothing"
_AGREED = "a difference resolved under an approval"


def _amounts(kind):
    """Every posting of a kind of transfer, with a fen more."""
    return f"UPDATE posting SET amount_fen = amount_fen + 1 WHERE transfer_id IN (SELECT id FROM transfer WHERE kind = '{kind}')"


CONDITIONS = {
    "fees of a day that is not closed": (
        _DAY,
        "UPDATE channel_day SET state = 'matched', closed_at = NULL, closed_by = NULL WHERE state = 'closed'",
    ),
    "closed without a bill and without fees": (_DAY, "DELETE FROM bill_file", "DELETE FROM channel_fee"),
    "fees of another bill": (_DAY, "UPDATE channel_fee SET file_id = file_id + 1000 WHERE reversed_at IS NULL"),
    "fees other than the bill's": (_DAY, "UPDATE channel_fee SET fee_milli = fee_milli + 1 WHERE reversed_at IS NULL"),
    "fees of no bill": (_DAY, "DELETE FROM bill_file", "UPDATE channel_fee SET file_id = NULL"),
    "fees in whole fen that are not": (_DAY, "UPDATE channel_fee SET amount_fen = amount_fen + 1 WHERE reversed_at IS NULL"),
    "fees that moved nothing": (_FEES, "DELETE FROM transfer WHERE kind = 'channel_fee'"),
    "fees whose giving back moved nothing": (_FEES, "DELETE FROM transfer WHERE kind = 'channel_fee_reversal'"),
    "fees that no day knows": (_FEES, "DELETE FROM channel_fee WHERE reversed_at IS NOT NULL"),
    "fees of another channel": (_FEES, "UPDATE channel_day SET channel = 'alipay' WHERE state = 'closed'"),
    "more fees were moved": (_FEES, _amounts("channel_fee")),
    "more fees were given back": (_FEES, _amounts("channel_fee_reversal")),
    "more payments": (_ROWS, "UPDATE bill_file SET payments = payments + 1"),
    "paid more": (_ROWS, "UPDATE bill_file SET payment_fen = payment_fen + 1"),
    "more refunds": (_ROWS, "UPDATE bill_file SET refunds = refunds + 1"),
    "refunded more": (_ROWS, "UPDATE bill_file SET refund_fen = refund_fen + 1"),
    "cost more": (_ROWS, "UPDATE bill_file SET fee_milli = fee_milli + 1"),
    "replaced, and its rows are still there": (_ROWS, "UPDATE bill_file SET is_current = false, replaced_at = now()"),
    "a payment of another number": (_ROW, "UPDATE bill_line SET payment_no = 'x' WHERE kind = 'payment'"),
    "a payment of another channel": (_ROW, "UPDATE payment SET channel = 'alipay'"),
    "a refund of another number": (_ROW, "UPDATE bill_line SET refund_no = 'x' WHERE kind = 'refund'"),
    "a refund of another channel": (_ROW, "UPDATE refund_part SET tender = 'alipay'"),
    "a payment that agrees with another amount": (
        _ROW,
        "UPDATE bill_line SET amount_fen = amount_fen + 1 WHERE agrees AND kind = 'payment'",
    ),
    "a payment that agrees with another trade": (
        _ROW,
        "UPDATE bill_line SET channel_trade_no = 'x' WHERE agrees AND kind = 'payment'",
    ),
    "a refund that agrees with another amount": (
        _ROW,
        "UPDATE bill_line SET amount_fen = amount_fen + 1 WHERE agrees AND kind = 'refund'",
    ),
    "a refund that agrees with that of another payment": (
        _ROW,
        "UPDATE bill_line SET payment_no = 'x' WHERE agrees AND kind = 'refund'",
    ),
    "a payment twice": (_TWICE, "DELETE FROM difference WHERE kind = 'duplicate'"),
    "a refund twice": (
        _TWICE,
        "DELETE FROM difference WHERE kind = 'duplicate'",
        "UPDATE bill_line SET kind = 'refund', payment_id = NULL, part_id = (SELECT max(part_id) FROM bill_line) WHERE kind = 'payment'",
    ),
    "told of another row": (_TWICE, "UPDATE difference SET line_id = line_id + 1000 WHERE kind = 'duplicate'"),
    "told of another kind": (_TWICE, "UPDATE difference SET kind = 'amount' WHERE kind = 'duplicate'"),
    "closed with a difference": (
        "a closed day with a difference",
        "UPDATE difference SET state = 'open', resolved_at = NULL WHERE resolution = 'adjust'",
    ),
    "money that did not move": (_MOVED, "DELETE FROM transfer WHERE kind = 'difference_adjustment'"),
    "money of no difference": (_MOVED, "DELETE FROM difference WHERE resolution = 'adjust'"),
    "money moved by another": (_MOVED, "UPDATE difference SET resolved_by = 'operator:9' WHERE resolution = 'adjust'"),
    "money moved as another kind": (_MOVED, "UPDATE difference SET resolution = 'credit' WHERE resolution = 'adjust'"),
    "not agreed to": (_AGREED, "UPDATE approval SET state = 'rejected', result = NULL WHERE kind = 'difference'"),
    "agreed to another": (_AGREED, "UPDATE approval SET result = 'x' WHERE kind = 'difference'"),
    "asked for by another": (_AGREED, "UPDATE approval SET requested_by = 9 WHERE kind = 'difference'"),
    "under an approval that is none": (_AGREED, "DELETE FROM approval WHERE kind = 'difference'"),
}  # fmt: skip
"""One condition of a check at a time, which that very check has to name. That nobody agrees to what they asked for, the table itself sees to
(``approval_second_person``)."""


@pytest.mark.timeout(240)
async def test_every_way_to_break_them_is_named_in_the_whole_and_in_what_is_new(db, tmp_path):
    days = iter((DAY, DAY + timedelta(days=3)))
    mark = await breaking.marked_between(lambda: a_reconciled_day(tmp_path, next(days)))
    assert await breaking.missed(BREAKING, mark) == []
    assert await breaking.unseen(CONDITIONS, mark) == []
    tables = ("channel_day", "bill_file", "channel_fee", "difference", "reconciliation_event", "transfer")
    await breaking.whole_on_both_sides(mark, tables)
