"""What changed since a mark: tables seen as their changed rows only, for the incremental proof.

A changed row is new (its number is above the mark's), or a new row leads to it: the accounts of new postings, entries, lots and
holds, the top-up, the bill payment, the bill, the order, the hold and the refund of a new transfer, the periods of a plan to which something
was done. What a check sees of other tables is whole, so that a new row is checked against all that it names.

``over`` wraps a check's query: common table expressions bear the tables' names and hide the tables. All numbers of the mark are
parameters, in the order of ``TABLES``; in SQL they are written ``{transfer}``, ``{posting}``, …
"""

from __future__ import annotations

from collections.abc import Mapping

from models import bill_line

TABLES = (
    "transfer", "posting", "entry", "lot", "hold", "top_up", "payment", "bill", "bill_payment", "shop_order", "plan",
    "plan_period", "plan_event", "request_key", "seal", "credit_movement", "combined_payment", "arrangement", "refund", "refund_part",
    "deduction_review", "adjustment", "approval", "move", "customer_merge", "closing",
    "channel_day", "bill_file", "channel_fee", "difference", "reconciliation_event",
    "quarantine", "counter_payment", "voucher",
    "remittance",
    "order_event", "stock_movement",
    "points_movement", "coupon_event", "spending", "points_debt",
    "standing_order", "standing_delivery", "standing_event", "booking_slot", "booking", "booking_event", "invoice_request",
)  # fmt: skip
"""The tables whose last numbers make a mark."""

_PARAMETERS = {table: f"${number}::bigint" for number, table in enumerate(TABLES, 1)}

_TOUCHED = """
WITH mark AS (SELECT {all}),
new_transfer AS (SELECT id, reference, kind FROM transfer WHERE id > {transfer}),
touched_account AS (
    SELECT source_id AS id FROM posting WHERE id > {posting} UNION SELECT target_id FROM posting WHERE id > {posting}
    UNION SELECT account_id FROM entry WHERE id > {entry} UNION SELECT account_id FROM lot WHERE id > {lot}
    UNION SELECT account_id FROM hold WHERE id > {hold}
),
touched_refund AS (
    SELECT id FROM refund WHERE id > {refund} UNION SELECT refund_id FROM refund_part WHERE id > {refund_part}
    UNION SELECT id FROM refund WHERE refund_no IN (
        SELECT substr(reference, 15) FROM new_transfer WHERE kind = 'top_up_refund')
    UNION SELECT refund_id FROM refund_part WHERE part_no IN (
        SELECT substr(reference, CASE kind WHEN 'top_up_refund_return' THEN 15 ELSE 8 END) FROM new_transfer
        WHERE kind IN ('bill_refund', 'top_up_refund_paid', 'top_up_refund_return'))
),
touched_top_up AS (
    SELECT top_up_no FROM top_up WHERE id > {top_up}
    UNION SELECT purpose_no FROM payment WHERE id > {payment} AND purpose = 'top_up'
    UNION SELECT purpose_no FROM counter_payment WHERE id > {counter_payment} AND purpose = 'top_up'
    UNION SELECT substr(reference, 8) FROM new_transfer WHERE kind = 'top_up'
    UNION SELECT subject_no FROM refund WHERE kind = 'top_up' AND id IN (SELECT id FROM touched_refund)
),
touched_bill_payment AS (
    SELECT id, bill_id, transfer_reference FROM bill_payment WHERE id > {bill_payment}
    UNION SELECT id, bill_id, transfer_reference FROM bill_payment WHERE transfer_reference IN (
        SELECT reference FROM new_transfer WHERE kind IN ('bill_payment', 'counter_payment'))
    UNION SELECT id, bill_id, transfer_reference FROM bill_payment WHERE id IN (
        SELECT bill_payment_id FROM refund_part WHERE refund_id IN (SELECT id FROM touched_refund))
),
touched_bill AS (
    SELECT id FROM bill WHERE id > {bill} UNION SELECT bill_id FROM touched_bill_payment
    UNION SELECT bill_id FROM arrangement WHERE id > {arrangement}
    UNION SELECT b.id FROM counter_payment c JOIN bill b ON c.purpose = 'bill' AND b.bill_no = c.purpose_no
        WHERE c.counter_no IN (SELECT substr(reference, 14) FROM new_transfer WHERE kind = 'counter_undo')
),
touched_combined AS (
    SELECT combined_no FROM combined_payment WHERE id > {combined_payment}
    UNION SELECT purpose_no FROM payment WHERE id > {payment} AND purpose = 'bill'
    UNION SELECT substring(reference FROM 'combined:(.*)$') FROM new_transfer WHERE reference ~ '^((hold|again):)?combined:'
    UNION SELECT p.purpose_no FROM payment p JOIN new_transfer t ON p.payment_no = substr(t.reference, 9)
        WHERE t.kind = 'payment_credit' AND p.purpose = 'bill'
),
touched_day AS (
    SELECT id FROM channel_day WHERE id > {channel_day} UNION SELECT day_id FROM bill_file WHERE id > {bill_file}
    UNION SELECT day_id FROM channel_fee WHERE id > {channel_fee} UNION SELECT day_id FROM reconciliation_event WHERE id > {reconciliation_event}
),
touched_order AS (
    SELECT id FROM shop_order WHERE id > {shop_order} UNION SELECT order_id FROM order_event WHERE id > {order_event}
),
touched_booking AS (
    SELECT id, slot_id FROM booking WHERE id > {booking} OR id IN (SELECT booking_id FROM booking_event WHERE id > {booking_event})
),
changed_plan AS (SELECT plan_id AS id FROM plan_event WHERE id > {plan_event}),
touched_plan AS (
    SELECT id FROM plan WHERE id > {plan} UNION SELECT plan_id FROM plan_period WHERE id > {plan_period} UNION SELECT id FROM changed_plan
)
"""
"""Comes before every query; what a query does not name costs nothing. ``mark`` gives each parameter its type."""


def new(*tables: str) -> Mapping[str, str]:
    """These tables, seen as their new rows only."""
    return {table: f"SELECT * FROM {table} WHERE id > {{{table}}}" for table in tables}


ACCOUNTS = {"account": "SELECT * FROM account WHERE id IN (SELECT id FROM touched_account)"}
TOP_UPS = {"top_up": "SELECT * FROM top_up WHERE top_up_no IN (SELECT top_up_no FROM touched_top_up)"}
TOP_UP_CREDITS = {
    "payment": "SELECT * FROM payment WHERE purpose = 'top_up' AND purpose_no IN (SELECT top_up_no FROM touched_top_up)",
    "counter_payment": "SELECT * FROM counter_payment WHERE purpose_no IN (SELECT top_up_no FROM touched_top_up)",
    "transfer": "SELECT * FROM transfer WHERE reference IN (SELECT 'top_up:' || top_up_no FROM touched_top_up)",
}
PLANS = {"plan": "SELECT * FROM plan WHERE id IN (SELECT id FROM touched_plan)"}
PLAN_PERIODS = {
    "plan_period": """SELECT * FROM plan_period WHERE id IN (
        SELECT id FROM plan_period WHERE id > {plan_period}
        UNION SELECT id FROM plan_period WHERE bill_id IN (SELECT id FROM touched_bill)
        UNION SELECT id FROM plan_period WHERE plan_id IN (SELECT id FROM changed_plan))"""
}
HOLDS = {
    "hold": """SELECT * FROM hold WHERE id IN (
        SELECT id FROM hold WHERE id > {hold} UNION SELECT id FROM hold WHERE reference IN (
            SELECT substr(reference, 6) FROM new_transfer WHERE reference LIKE 'hold:%'))"""
}
BILLS = {"bill": "SELECT * FROM bill WHERE id IN (SELECT id FROM touched_bill)"}
BILL_PAYMENTS = {
    "bill_payment": "SELECT * FROM bill_payment WHERE id IN (SELECT id FROM touched_bill_payment)",
    "transfer": """SELECT * FROM transfer WHERE id IN (
        SELECT id FROM new_transfer
        UNION SELECT id FROM transfer WHERE reference IN (SELECT transfer_reference FROM touched_bill_payment))""",
}
REFUNDS = {"refund": "SELECT * FROM refund WHERE id IN (SELECT id FROM touched_refund)"}
REFUND_PARTS = {"refund_part": "SELECT * FROM refund_part WHERE refund_id IN (SELECT id FROM touched_refund)"}
REFUND_TRANSFERS = {
    "transfer": """SELECT * FROM transfer WHERE id IN (
        SELECT id FROM new_transfer
        UNION SELECT id FROM transfer WHERE reference IN (
            SELECT 'refund:' || part_no FROM refund_part WHERE refund_id IN (SELECT id FROM touched_refund))
        UNION SELECT id FROM transfer WHERE reference IN (
            SELECT 'refund_return:' || part_no FROM refund_part WHERE refund_id IN (SELECT id FROM touched_refund))
        UNION SELECT id FROM transfer WHERE reference IN (
            SELECT 'top_up_refund:' || refund_no FROM refund WHERE id IN (SELECT id FROM touched_refund)))"""
}
BILL_PAYMENT_PARTS = {
    "refund_part": "SELECT * FROM refund_part WHERE bill_payment_id IN (SELECT id FROM touched_bill_payment)"
}
BILL_PAYMENT_REFUNDS = {
    "transfer": """SELECT * FROM transfer WHERE id IN (
        SELECT id FROM transfer WHERE reference IN (SELECT transfer_reference FROM touched_bill_payment)
        UNION SELECT id FROM transfer WHERE reference IN (
            SELECT 'refund:' || part_no FROM refund_part
            WHERE bill_payment_id IN (SELECT id FROM touched_bill_payment)))"""
}
TOP_UP_REFUNDS = {
    "refund": """SELECT * FROM refund WHERE kind = 'top_up'
        AND subject_no IN (SELECT top_up_no FROM touched_top_up)"""
}
ORDERS = {
    "shop_order": """SELECT * FROM shop_order WHERE id IN (
        SELECT id FROM touched_order UNION SELECT id FROM shop_order WHERE bill_no IN (
            SELECT bill_no FROM bill WHERE id IN (SELECT id FROM touched_bill)))"""
}
ORDER_EVENTS = {"order_event": "SELECT * FROM order_event WHERE id > {order_event}"}
STANDING_DELIVERIES = {
    "standing_delivery": """SELECT * FROM standing_delivery WHERE id IN (
        SELECT id FROM standing_delivery WHERE id > {standing_delivery}
        UNION SELECT id FROM standing_delivery WHERE order_no IN (
            SELECT order_no FROM shop_order WHERE id IN (SELECT id FROM touched_order))
        UNION SELECT id FROM standing_delivery WHERE standing_order_id IN (
            SELECT id FROM standing_order WHERE id > {standing_order}
            UNION SELECT standing_order_id FROM standing_event WHERE id > {standing_event}))"""
}
BOOKINGS = {"booking": "SELECT * FROM booking WHERE id IN (SELECT id FROM touched_booking)"}
BOOKING_SLOTS = {
    "booking_slot": """SELECT * FROM booking_slot WHERE id IN (
        SELECT id FROM booking_slot WHERE id > {booking_slot} UNION SELECT slot_id FROM touched_booking)"""
}
STOCK = {
    "stock": """SELECT * FROM stock WHERE sku_id IN (
        SELECT sku_id FROM stock_movement WHERE id > {stock_movement}
        UNION SELECT sku_id FROM order_line WHERE order_id IN (SELECT id FROM touched_order))"""
}
ADJUSTMENTS = {
    "adjustment": """SELECT * FROM adjustment WHERE id > {adjustment} OR transfer_reference IN (
        SELECT reference FROM new_transfer WHERE kind IN ('manual_adjustment', 'adjustment_reversal'))""",
    "transfer": """SELECT * FROM transfer WHERE id IN (
        SELECT id FROM new_transfer
        UNION SELECT id FROM transfer WHERE reference IN (SELECT transfer_reference FROM adjustment WHERE id > {adjustment}))""",
}
CLOSINGS = {
    "closing": """SELECT * FROM closing WHERE id > {closing} OR customer_id IN (
        SELECT substr(code, 10)::bigint FROM account WHERE code LIKE 'customer:%' AND id IN (SELECT id FROM touched_account))"""
}
REMITTANCES = {
    "remittance": """SELECT * FROM remittance WHERE id > {remittance}
        OR (purpose = 'refund' AND purpose_no IN (
            SELECT part_no FROM refund_part WHERE refund_id IN (SELECT id FROM touched_refund)))
        OR customer_id IN (
            SELECT substr(code, 10)::bigint FROM account WHERE code LIKE 'customer:%' AND id IN (SELECT id FROM touched_account))"""
}
PAYOUTS = {
    "payout": """SELECT * FROM payout WHERE closing_id IN (
        SELECT id FROM closing WHERE customer_id IN (
            SELECT substr(code, 10)::bigint FROM account WHERE code LIKE 'customer:%' AND id IN (SELECT id FROM touched_account)))"""
}
_NEW_MOVES = "SELECT move_no FROM move WHERE id > {move}"
MOVES = {
    "move": """SELECT * FROM move WHERE id > {move} OR move_no IN (
        SELECT split_part(reference, ':', 2) FROM new_transfer
        WHERE kind IN ('transfer_out', 'transfer_in', 'merge_out', 'merge_in'))""",
    "transfer": f"""SELECT * FROM transfer WHERE id IN (
        SELECT id FROM new_transfer
        UNION SELECT t.id FROM transfer t JOIN ({_NEW_MOVES}) m ON t.reference IN (
            'transfer_out:' || m.move_no, 'transfer_in:' || m.move_no, 'merge_out:' || m.move_no, 'merge_in:' || m.move_no))""",
}

COUNTER = {
    "counter_payment": """SELECT * FROM counter_payment WHERE id > {counter_payment} OR counter_no IN (
        SELECT split_part(reference, ':', 2) FROM new_transfer WHERE kind IN ('counter_payment', 'counter_undo'))""",
    "transfer": """SELECT * FROM transfer WHERE id IN (
        SELECT id FROM new_transfer WHERE kind IN ('counter_payment', 'counter_undo')
        UNION SELECT t.id FROM counter_payment c JOIN transfer t
            ON t.reference IN ('counter:' || c.counter_no, 'counter_undo:' || c.counter_no))""",
}
VOUCHERS = {
    "voucher": """SELECT * FROM voucher WHERE id > {voucher}
        OR voucher_no IN (SELECT voucher_no FROM counter_payment WHERE id > {counter_payment})""",
    "counter_payment": """SELECT * FROM counter_payment WHERE id > {counter_payment}
        OR voucher_no IN (SELECT voucher_no FROM voucher)""",
}
QUARANTINE = {
    "quarantine": """SELECT * FROM quarantine q WHERE id > {quarantine}
        OR 'quarantine:' || q.channel || ':' || q.channel_trade_no IN (SELECT reference FROM new_transfer WHERE kind = 'quarantine')
        OR 'quarantine_out:' || q.id IN (
            SELECT reference FROM new_transfer WHERE kind IN ('quarantine_credit', 'quarantine_return'))""",
    "transfer": """SELECT * FROM transfer WHERE id IN (
        SELECT id FROM new_transfer WHERE kind IN ('quarantine', 'quarantine_credit', 'quarantine_return')
        UNION SELECT t.id FROM quarantine q JOIN transfer t
            ON t.reference IN ('quarantine:' || q.channel || ':' || q.channel_trade_no, 'quarantine_out:' || q.id))""",
}

COMBINED = {
    "combined_payment": "SELECT * FROM combined_payment WHERE combined_no IN (SELECT combined_no FROM touched_combined)"
}
COMBINED_HOLDS = {
    **COMBINED,
    "hold": "SELECT * FROM hold WHERE reference IN (SELECT 'combined:' || combined_no FROM touched_combined)",
}
COMBINED_BILLS = {
    **COMBINED,
    "bill": "SELECT * FROM bill WHERE id IN (SELECT bill_id FROM combined_payment UNION SELECT id FROM touched_bill)",
}
COMBINED_MONEY = {
    "payment": "SELECT * FROM payment WHERE purpose = 'bill' AND purpose_no IN (SELECT combined_no FROM touched_combined)",
    "bill_payment": """SELECT * FROM bill_payment WHERE id IN (
        SELECT id FROM bill_payment WHERE payment_no IN (SELECT payment_no FROM payment)
        UNION SELECT id FROM bill_payment WHERE id > {bill_payment} AND payment_no IS NOT NULL)""",
    "transfer": """SELECT * FROM transfer WHERE id IN (
        SELECT id FROM new_transfer WHERE kind = 'payment_credit'
        UNION SELECT id FROM transfer WHERE reference IN (
            SELECT transfer_reference FROM bill_payment UNION SELECT 'payment:' || payment_no FROM payment))""",
}

CHANNEL_DAYS = {"channel_day": "SELECT * FROM channel_day WHERE id IN (SELECT id FROM touched_day)"}
CHANNEL_FEES = {
    "channel_fee": """SELECT * FROM channel_fee WHERE day_id IN (SELECT id FROM touched_day) OR transfer_reference IN (
        SELECT reference FROM new_transfer WHERE kind = 'channel_fee')
        OR reversal_reference IN (SELECT reference FROM new_transfer WHERE kind = 'channel_fee_reversal')""",
    "transfer": """SELECT * FROM transfer WHERE id IN (
        SELECT id FROM new_transfer
        UNION SELECT id FROM transfer WHERE reference IN (SELECT transfer_reference FROM channel_fee)
        UNION SELECT id FROM transfer WHERE reference IN (SELECT reversal_reference FROM channel_fee))""",
}
BILL_LINES = {
    "bill_line": f"""SELECT l.* FROM bill_file f
        JOIN bill_line l ON l.id {bill_line.OF_FILE} WHERE f.id > {{bill_file}}"""
}
DIFFERENCES = {
    "difference": """SELECT * FROM difference WHERE day_id IN (SELECT id FROM touched_day) OR id > {difference}"""
}
DIFFERENCE_MONEY = {
    "difference": """SELECT * FROM difference WHERE id IN (
        SELECT difference_id FROM reconciliation_event WHERE id > {reconciliation_event} AND difference_id IS NOT NULL)
        OR transfer_reference IN (SELECT reference FROM new_transfer WHERE reference LIKE 'difference:%')""",
    "transfer": """SELECT * FROM transfer WHERE id IN (
        SELECT id FROM new_transfer
        UNION SELECT id FROM transfer WHERE reference IN (SELECT transfer_reference FROM difference))""",
}


_MOVED_POINTS = "SELECT customer_id FROM points_movement WHERE id > {points_movement}"
POINTS_ACCOUNTS = {"points_account": f"SELECT * FROM points_account WHERE customer_id IN ({_MOVED_POINTS})"}
POINTS_LOTS = {
    "points_lot": """SELECT * FROM points_lot WHERE id IN (
        SELECT lot_id FROM points_part WHERE movement_id > {points_movement})"""
}
POINTS_UNDOING = {
    "points_movement": """SELECT * FROM points_movement WHERE id > {points_movement} OR reference IN (
        SELECT undoes FROM points_movement WHERE id > {points_movement}) OR undoes IN (
        SELECT undoes FROM points_movement WHERE id > {points_movement})"""
}
POINTS_DEBTS = {
    "points_debt": f"""SELECT * FROM points_debt WHERE id > {{points_debt}} OR customer_id IN ({_MOVED_POINTS})"""
}
POINTS_BONUS = {
    "transfer": """SELECT * FROM transfer WHERE id IN (
        SELECT id FROM new_transfer WHERE kind = 'points_bonus'
        UNION SELECT t.id FROM transfer t WHERE t.kind = 'points_bonus' AND t.reference IN (
            SELECT reference FROM points_movement WHERE id > {points_movement}))""",
    "points_movement": """SELECT * FROM points_movement WHERE id > {points_movement} OR reference IN (
        SELECT reference FROM new_transfer WHERE kind = 'points_bonus')""",
}
COUPONS = {
    "coupon": "SELECT * FROM coupon WHERE id IN (SELECT coupon_id FROM coupon_event WHERE id > {coupon_event})"
}
COUPON_TEMPLATES = {
    "coupon_template": """SELECT * FROM coupon_template WHERE id IN (
        SELECT k.template_id FROM coupon_event e JOIN coupon k ON k.id = e.coupon_id WHERE e.id > {coupon_event})"""
}


def over(query: str, seen: Mapping[str, str]) -> str:
    """The query, with the tables in ``seen`` seen as what stands there for them."""
    hidden = "".join(f", {table} AS ({rows})" for table, rows in seen.items())
    text = f"{_TOUCHED}{hidden}\nSELECT * FROM ({query}) offender"
    for table, parameter in _PARAMETERS.items():
        text = text.replace(f"{{{table}}}", parameter)
    return text.replace("{all}", ", ".join(_PARAMETERS.values()))
