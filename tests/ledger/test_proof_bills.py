"""Each condition of the checks of bills, orders, combined payments and plans (I6, I7, I10, I11), broken where no other sees it."""

from datetime import timedelta

from billing import deductions, horizon
from core import clock
from tests import factories
from tests.ledger import breaking
from tests.ledger.test_proof import a_busy_shop

_SUM = "a bill whose paid or refunded amount is not the sum"
_NAMED = "a bill payment and the transfer it names differ"
_ORDER = "an order that disagrees with its lines or its bill"
_LESS = "an order whose bill has less taken off it"
_REACHED = "a payment for a bill whose money did not reach"
_ATTEMPT = "a combined payment whose state is not that"
_HOLD = "a combined payment that is open without its hold"
_WAITS = "a bill that waits for a payment that is not open"
_SHARES = "a combined payment whose shares are not what"
_SKIPPED = "a plan with a period skipped"
_DAYS = "a plan period that covers days of another"
_OUTCOME = "a plan period whose outcome is not its bill's"
_OWED = "a plan period that is owed and nobody comes for"
_AHEAD = "a plan that has ended with a period still ahead"
_NO_NEXT = "next_on = NULL, next_due_on = NULL, ahead_on = NULL"

BILLS = {
    "paid by nothing": (_SUM, "DELETE FROM bill_payment"),
    "paid by more": (_SUM, "UPDATE bill_payment SET amount_fen = amount_fen + 1"),
    "refunded, and no payment was": (
        _SUM,
        "UPDATE bill SET refunded_fen = refunded_fen + 1 WHERE refunded_fen < paid_fen",
    ),
    "a payment refunded more": (
        _SUM,
        "UPDATE bill_payment SET refunded_fen = refunded_fen + 1 WHERE refunded_fen + refunding_fen < amount_fen",
    ),
    "another amount than was moved": (_NAMED, "UPDATE bill_payment SET amount_fen = amount_fen + 1 WHERE tender = 'balance'"),
    "another amount at the counter": (_NAMED, "UPDATE bill_payment SET amount_fen = amount_fen + 1 WHERE tender = 'counter'"),
    "moved for no bill": (_NAMED, "DELETE FROM bill_payment WHERE tender = 'balance'"),
    "taken at the counter for no bill": (_NAMED, "DELETE FROM bill_payment WHERE tender = 'counter'"),
    "paid and nothing moved": (_NAMED, "DELETE FROM transfer WHERE kind = 'bill_payment'"),
    "paid at the counter and nothing moved": (_NAMED, "DELETE FROM transfer WHERE kind = 'counter_payment'"),
    "undone only in the bill": (_NAMED, "DELETE FROM transfer WHERE kind = 'counter_undo'"),
    "undone is another": (_NAMED, "UPDATE transfer SET reverses_id = 1 WHERE kind = 'counter_undo'"),
    "undone as another kind": (_NAMED, "UPDATE transfer SET kind = 'counter_payment' WHERE kind = 'counter_undo'"),
}  # fmt: skip
_CANCELLED = "(SELECT bill_no FROM shop_order WHERE state = 'cancelled')"
ORDERS = {
    "no bill": (_ORDER, "UPDATE shop_order SET bill_no = 'x' || id"),
    "the bill of another": (_ORDER, "UPDATE bill SET source = 'order:x' || id WHERE source LIKE 'order:%'"),
    "a bill of more": (_ORDER, "UPDATE bill SET amount_fen = amount_fen + 1 WHERE source LIKE 'order:%' AND state = 'open'"),
    "a bill that was of more": (_ORDER, "UPDATE bill SET reduced_fen = reduced_fen + 1 WHERE source LIKE 'order:%'"),
    "no lines": (_ORDER, "DELETE FROM order_line"),
    "lines of less": (_ORDER, "UPDATE order_line SET amount_fen = amount_fen - 1, price_fen = price_fen - 1 WHERE quantity = 1"),
    "a line with a discount": (_ORDER, "UPDATE order_line SET discount_fen = 1"),
    "more tax than lines and freight have": (_ORDER, "UPDATE shop_order SET tax_fen = freight_fen + 1"),
    "less tax than its lines": (
        _ORDER,
        "UPDATE order_line SET tax_percent = 13, tax_fen = amount_fen - discount_fen - ((amount_fen - discount_fen) * 200 + 113) / 226",
    ),
    "a discount that was not taken off": (_ORDER, """UPDATE shop_order SET discounts = '[{"amount_fen": 1}]'"""),
    "placed and paid": (_ORDER, "UPDATE shop_order SET state = 'placed' WHERE state = 'paid'"),
    "placed and cancelled": (_ORDER, "UPDATE shop_order SET state = 'placed' WHERE state = 'cancelled'"),
    "cancelled and to be paid": (_ORDER, "UPDATE shop_order SET state = 'cancelled' WHERE state = 'placed'"),
    "cancelled and paid": (_ORDER, "UPDATE shop_order SET state = 'cancelled' WHERE state = 'paid'"),
    "cancelled, and not all of it went back": (
        _ORDER,
        f"UPDATE bill_payment SET refunded_fen = refunded_fen - 1 WHERE refunded_fen > 0"
        f" AND bill_id IN (SELECT id FROM bill WHERE bill_no IN {_CANCELLED})",
    ),
    "cancelled and paid by nothing": (
        _ORDER,
        f"DELETE FROM bill_payment WHERE bill_id IN (SELECT id FROM bill WHERE bill_no IN {_CANCELLED})",
    ),
    "paid and to be paid": (_ORDER, "UPDATE shop_order SET state = 'paid' WHERE state = 'placed'"),
    "shipped and to be paid": (
        _ORDER,
        "UPDATE bill SET state = 'open', paid_fen = 0, refunded_fen = 0, paid_at = NULL"
        " WHERE bill_no IN (SELECT bill_no FROM shop_order WHERE state IN ('shipping', 'shipped', 'completed'))",
    ),
    "paid in part and nothing was arranged": (
        _ORDER,
        "UPDATE bill SET state = 'partly_paid', paid_fen = 1, refunded_fen = 0, paid_at = NULL"
        " WHERE bill_no IN (SELECT bill_no FROM shop_order WHERE state = 'paid')",
    ),
    "more was taken off": (_LESS, "UPDATE bill SET reduced_fen = reduced_fen + 1 WHERE source LIKE 'order:%'"),
    "less was taken off": (_LESS, "UPDATE after_sale SET reduced_fen = reduced_fen + 1 WHERE refund_fen IS NOT NULL"),
}  # fmt: skip
_LAST_PAID = (
    "(SELECT purpose_no FROM payment WHERE purpose = 'bill' AND state = 'paid' ORDER BY id DESC LIMIT 1)"
)
_SHARE, _REST = "transfer_reference LIKE 'hold:combined:%'", "transfer_reference LIKE 'combined:%'"
COMBINED = {
    "money of no payment": (_REACHED, "UPDATE payment SET state = 'closed' WHERE purpose = 'bill' AND state = 'paid'"),
    "paid for no bill": (
        _REACHED,
        "UPDATE bill_payment SET tender = 'counter', payment_no = NULL WHERE payment_no IS NOT NULL",
    ),
    "credited to nobody": (_REACHED, "UPDATE transfer SET kind = 'gift' WHERE kind = 'payment_credit'"),
    "one payment twice": (
        _REACHED,
        "DELETE FROM posting WHERE transfer_id IN (SELECT id FROM transfer WHERE kind = 'counter_undo')",
        "UPDATE transfer SET kind = 'payment_credit', reference = 'payment:' || (SELECT payment_no FROM bill_payment"
        " WHERE payment_no IS NOT NULL ORDER BY id DESC LIMIT 1) WHERE id = (SELECT max(id) FROM transfer WHERE kind = 'counter_undo')",
    ),
    "another amount was paid": (_REACHED, "UPDATE payment SET amount_fen = amount_fen + 1 WHERE purpose = 'bill' AND state = 'paid'"),
    "paid at another channel": (_REACHED, "UPDATE payment SET channel = 'alipay' WHERE purpose = 'bill' AND state = 'paid'"),
    "paid, and nothing moved": (_REACHED, "DELETE FROM transfer WHERE reference LIKE 'combined:%'"),
    "no attempt": (_ATTEMPT, "DELETE FROM payment WHERE purpose = 'bill'"),
    "two attempts": (
        _ATTEMPT,
        f"UPDATE payment SET purpose_no = {_LAST_PAID} WHERE purpose = 'bill' AND state = 'paid'",
    ),
    "open, and paid": (_ATTEMPT, "UPDATE combined_payment SET state = 'open', ended_at = NULL WHERE state = 'credited'"),
    "paid, and open": (_ATTEMPT, "UPDATE combined_payment SET state = 'paid', ended_at = now() WHERE state = 'open'"),
    "closed, and open": (_ATTEMPT, "UPDATE combined_payment SET state = 'closed', ended_at = now() WHERE state = 'open'"),
    "closed, and paid": (_ATTEMPT, "UPDATE combined_payment SET state = 'closed' WHERE state = 'paid'"),
    "an attempt at another amount": (_ATTEMPT, "UPDATE combined_payment SET channel_fen = channel_fen + 1"),
    "nothing is held": (_HOLD, "DELETE FROM hold WHERE reference LIKE 'combined:%'"),
    "less is held": (_HOLD, "UPDATE combined_payment SET balance_fen = balance_fen + 1 WHERE state = 'open'"),
    "still held": (_HOLD, "UPDATE combined_payment SET state = 'closed', ended_at = now() WHERE state = 'open'"),
    "held for nothing": (_HOLD, "UPDATE combined_payment SET balance_fen = 0 WHERE state = 'open'"),
    "waits for none": (_WAITS, "UPDATE bill SET pending_no = 'C1' WHERE pending_no IS NOT NULL"),
    "waits for one that is over": (_WAITS, "UPDATE combined_payment SET state = 'closed', ended_at = now() WHERE state = 'open'"),
    "waits for another's": (
        _WAITS,
        "UPDATE bill SET pending_no = (SELECT combined_no FROM combined_payment WHERE state = 'open' ORDER BY id DESC LIMIT 1)"
        " WHERE state = 'open' AND pending_no IS NULL",
    ),
    "not waited for": (_WAITS, "UPDATE bill SET pending_no = NULL"),
    "paid, but not the bill": (_SHARES, f"UPDATE bill_payment SET transfer_reference = 'x' || id WHERE {_REST}"),
    "the bill was paid, but not this": (_SHARES, "UPDATE combined_payment SET state = 'closed' WHERE state = 'paid'"),
    "the share was not": (_SHARES, f"UPDATE bill_payment SET transfer_reference = 'x' || id WHERE {_SHARE}"),
    "a share of nothing": (_SHARES, "UPDATE combined_payment SET balance_fen = 0 WHERE state = 'paid'"),
    "the rest was more": (_SHARES, f"UPDATE bill_payment SET amount_fen = amount_fen + 1 WHERE {_REST}"),
    "the share was more": (_SHARES, f"UPDATE bill_payment SET amount_fen = amount_fen + 1 WHERE {_SHARE}"),
    "the share was cash": (_SHARES, f"UPDATE bill_payment SET tender = 'counter' WHERE {_SHARE}"),
    "the rest of another bill": (_SHARES, f"UPDATE bill_payment SET bill_id = bill_id + 1000 WHERE {_REST}"),
    "the share of another bill": (_SHARES, f"UPDATE bill_payment SET bill_id = bill_id + 1000 WHERE {_SHARE}"),
}  # fmt: skip
PLANS = {
    "one is not there": (_SKIPPED, "DELETE FROM plan_period WHERE period_no = 1"),
    "one has a later number": (_SKIPPED, "UPDATE plan_period SET period_no = period_no + 100 WHERE period_no = 0"),
    "none is there": (_SKIPPED, "DELETE FROM plan_period"),
    "due before it began": (_SKIPPED, "UPDATE plan SET started_on = started_on + 100"),
    "moved on a day too far": (_SKIPPED, "UPDATE plan SET last_due_on = last_due_on + 1"),
    "not moved on": (_SKIPPED, "UPDATE plan SET last_due_on = NULL"),
    "begins on the last day of the one before": (_DAYS, "UPDATE plan_period SET covers_from = covers_from - 1 WHERE period_no > 0"),
    "due before the one before": (_DAYS, "UPDATE plan_period SET due_on = due_on - 100 WHERE period_no > 0"),
    "more than was agreed to": (_OUTCOME, "UPDATE plan SET consented_fen = 1"),
    "the bill of another plan": (_OUTCOME, "UPDATE bill SET source = 'plan:x' || id WHERE source LIKE 'plan:%'"),
    "the bill of another amount": (_OUTCOME, "UPDATE plan_period SET amount_fen = amount_fen - 1 WHERE bill_id IS NOT NULL"),
    "charged and owed": (_OUTCOME, "UPDATE plan_period SET state = 'charged', ended_at = now() WHERE state = 'owed'"),
    "taken in part and owed": (_OUTCOME, "UPDATE plan_period SET state = 'partly' WHERE state = 'owed'"),
    "owed and paid": (_OUTCOME, "UPDATE plan_period SET state = 'owed', ended_at = NULL WHERE state = 'charged'"),
    "waived and paid": (_OUTCOME, "UPDATE plan_period SET state = 'waived' WHERE state = 'charged'"),
    "nobody comes": (_OWED, "DELETE FROM dunning_case"),
    "nobody comes any more": (_OWED, "UPDATE dunning_case SET state = 'paid', ended_at = now(), next_at = NULL"),
    "somebody comes for another": (_OWED, "UPDATE dunning_case SET bill_id = bill_id + 1000"),
    "nobody comes for the rest": (
        _OWED,
        "UPDATE plan_period SET state = 'partly' WHERE state = 'owed'",
        "DELETE FROM dunning_case",
    ),
    "ended": (_AHEAD, f"UPDATE plan SET state = 'ended', {_NO_NEXT}"),
    "cancelled before it": (_AHEAD, f"UPDATE plan SET state = 'cancelled', cancelled_on = started_on, {_NO_NEXT}"),
    "cancelled on its day": (
        _AHEAD,
        f"UPDATE plan p SET state = 'cancelled', cancelled_on = (SELECT max(due_on) FROM plan_period WHERE plan_id = p.id), {_NO_NEXT}",
    ),
    "cancelled on no day": (_AHEAD, f"UPDATE plan SET state = 'cancelled', cancelled_on = NULL, {_NO_NEXT}"),
}  # fmt: skip


async def days_of_plans():
    """The busy shop, and a plan that was charged on three days; the clock is two days on."""
    customer = await a_busy_shop()
    await factories.plan(customer.id, 100, cycle="daily")
    await deductions.run_due()
    clock.set_offset(clock.offset() + timedelta(days=2))
    await horizon.run()
    await deductions.run_due()


async def test_every_condition_is_seen_by_its_own_check(db):
    mark = await breaking.marked_between(days_of_plans)
    assert await breaking.unseen({**BILLS, **ORDERS, **COMBINED, **PLANS}, mark) == []
