"""What customers are told of, and how much each of it may press."""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal[
    "topped_up",
    "deducted",
    "refunded",
    "adjusted",
    "bonus_expired",
    "bonus_expiring",
    "low_balance",
    "payment_due",
    "credit_drawn",
    "credit_repaid",
    "credit_limit_set",
    "under_review",
    "review_ended",
    "abnormal_deduction",
    "bill_paid",
    "payment_credited",
    "paid_twice",
    "paid_twice_returned",
    "quarantine_credited",
    "counter_paid",
    "counter_undone",
    "voucher_rejected",
    "held",
    "hold_released",
    "bill_issued",
    "bill_due",
    "instalments_proposed",
    "bill_reduced",
    "refund_started",
    "refund_paid",
    "refund_failed",
    "refund_requested",
    "top_up_refund_started",
    "top_up_refund_paid",
    "top_up_refund_failed",
    "transfer_sent",
    "transfer_received",
    "merged",
    "account_closing",
    "paid_out",
    "remittance_waiting",
    "remittance_failed",
    "plan_paused",
    "plan_resumed",
    "plan_suspended",
    "bill_due_soon",
    "bill_overdue",
    "plan_cancelled",
    "plan_skipped",
    "plan_price",
    "plan_price_asked",
    "deduction_ahead",
    "usage_ahead",
    "after_sale_approved",
    "after_sale_rejected",
    "after_sale_sent",
    "birthday",
    "missed",
    "order_shipped",
    "order_completed",
    "order_cancelled",
    "booking_made",
    "booking_cancelled",
    "booking_ahead",
    "standing_changed",
    "standing_short",
    "standing_above",
    "standing_waits",
    "standing_missed",
    "points_bonus",
    "points_expiring",
    "tier_up",
    "tier_down",
    "tier_over",
    "coupon_issued",
    "offer",
    "chat_tied",
    "chat_untied",
    "ticket_answered",
    "invoice_issued",
    "invoice_refused",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

Class = Literal["transactional", "reminder", "marketing"]
"""``transactional``: money moved or somebody has to act; goes out at any hour. ``reminder``: may be switched off, waits for the
end of quiet hours, only so many a day. ``marketing``: the same, and only to who has agreed to it."""
CLASSES: tuple[Class, ...] = get_args(Class)

REMINDERS: frozenset[Kind] = frozenset(
    {
        "low_balance",
        "payment_due",
        "bill_due",
        "bill_due_soon",
        "bill_overdue",
        "bonus_expiring",
        "deduction_ahead",
        "usage_ahead",
        "points_expiring",
        "booking_ahead",
        "tier_up",
        "tier_down",
        "tier_over",
    },
)
WITHOUT_MONEY: frozenset[Kind] = frozenset({"birthday"})
"""What says nothing of anybody's money, and may go to a phone number or an e-mail address that nobody has confirmed."""
MARKETING: frozenset[Kind] = frozenset({"birthday", "missed", "coupon_issued", "offer"})


def class_of(kind: str) -> Class:
    """The class of a kind of message; what is neither a reminder nor marketing is transactional."""
    return "reminder" if kind in REMINDERS else "marketing" if kind in MARKETING else "transactional"
