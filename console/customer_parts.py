"""What the page of one customer is made of: its tabs, the parts of each, and what can be done, in groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Part:
    """One operation about the customer: of a list these columns, and so many rows at most. ``query``: what narrows a list of everybody's to
    this customer; ``{customer_id}`` stands for the number."""

    operation: str
    columns: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    most: int = 6


_HERS = {"customer_id": "{customer_id}"}

TABS: Mapping[str, tuple[Part, ...]] = {
    "money": (
        Part("explanations_lots", ("kind", "source", "original_fen", "remaining_fen", "expires_at"), most=20),
        Part("customers_changes", ("id", "kind", "principal_fen", "bonus_fen", "balance_after_fen", "memo", "operator", "at"), most=12),
        Part("holds_of_customer", ("hold_no", "kind", "title", "amount_fen", "state", "expires_at")),
        Part("adjustments_listing", ("adjustment_no", "kind", "amount_fen", "reason", "operator_id", "created_at"), _HERS),
        Part("transfers_listing", ("transfer_no", "giver_id", "receiver_id", "principal_fen", "bonus_fen", "reason", "created_at"), _HERS),
    ),
    "statement": (Part("statements_read"),),
    "bills": (
        Part("bills_of_customer", ("bill_no", "title", "amount_fen", "paid_fen", "state", "due_at"), {"state": "open,partly_paid"}, 10),
        Part("orders_listing", ("order_no", "state", "total_fen", "remark", "placed_at"), _HERS),
        Part("after_sales_listing", ("return_no", "order_no", "kind", "state", "reason", "created_at"), _HERS),
        Part("receipts_listing", ("receipt_no", "source_no", "purpose", "tender", "amount_fen", "paid_at")),
        Part("counter_listing", ("counter_no", "purpose", "tender", "amount_fen", "state", "created_at"), _HERS),
        Part("refunds_listing", ("refund_no", "kind", "amount_fen", "state", "reason", "created_at"), _HERS),
        Part("vouchers_listing", ("voucher_no", "bill_no", "amount_fen", "state", "created_at"), _HERS),
        Part("invoices_listing", ("invoice_no", "subject_no", "amount_fen", "state", "created_at"), _HERS),
    ),
    "plans": (
        Part("plans_listing", ("id", "name", "cycle", "state", "amount_fen", "next_due_on", "periods"), _HERS, 10),
        Part("standing_orders_listing", ("id", "name", "cycle", "state", "expected_fen", "next_day"), _HERS),
        Part("bookings_of_customer", ("booking_no", "name", "starts_at", "state", "price_fen")),
        Part("dunning_cases", ("bill_no", "title", "owed_fen", "overdue_days", "tries", "next_at"), _HERS),
    ),
    "member": (
        Part("points_of_customer"),
        Part("points_movements", ("kind", "points", "points_after", "reference", "memo", "at")),
        Part("coupons_of_customer", ("coupon_no", "name", "state", "from_at", "ends_at", "order_no"), most=10),
        Part("delivery_addresses_of_customer"),
        Part("chat_scenes_origin"),
    ),
    "messages": (
        Part("messages_reach"),
        Part("messages_listing", ("id", "kind", "channel", "state", "reason", "created_at"), _HERS, 10),
        Part("messages_consents", ("agreed", "wording", "door", "by", "at")),
    ),
    "talk": (
        Part("tickets_listing", ("ticket_no", "kind", "content", "state", "operator_name", "score", "created_at"), _HERS),
        Part("conversations_of_customer", ("id", "state", "operator_name", "reason", "last_customer_at", "opened_at")),
        Part("chats_of_customer"),
        Part("chats_same_phone_as"),
    ),
    "risk": (
        Part("credit_show"),
        Part("credit_assess"),
        Part("reviews_listing", ("review_no", "title", "amount_fen", "state", "findings", "created_at"), _HERS),
        Part("approvals_listing", ("approval_no", "act", "amount_fen", "state", "reason", "requested_at"), _HERS),
        Part("credit_changes"),
        Part("settings_read"),
        Part("settings_history", ("setting", "before", "after", "operator", "changed_at")),
    ),
}  # fmt: skip
"""The tabs in their order. What is about a customer and stands in none of them is linked to below the last."""

FIRST = ("counter_top_up", "bills_issue", "adjustments_adjust")
"""What is done most: buttons of their own."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "money": (
        "counter_top_up", "bills_issue", "adjustments_adjust", "holds_place", "transfers_send", "credit_set_limit",
    ),
    "plans": ("plans_start", "standing_orders_start", "bookings_book", "bookings_book_weekly"),
    "membership": ("points_adjust", "coupons_give", "segments_put_tags"),
    "account": (),
}  # fmt: skip
"""What can be done, in groups; what stands in none is the account's."""
