"""What a set of payments costs: conditions that PostgreSQL reads anew for each statement are shorter, several lots are only ordered for who needs
several, and what is written under a lock on its bill or order names it unchecked."""

from pathlib import Path
from typing import Any

from tortoise import fields
from tortoise.migrations import operations as ops

from migrations import _parts, _steps

_SQL = Path(__file__).parent / "sql"
_LATE = """
LOCK TABLE shop_order IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO order_deadline (order_id, customer_id, expires_at)
SELECT id, customer_id, expires_at FROM shop_order WHERE state = 'placed' AND stage = 'new' ORDER BY id ON CONFLICT (order_id) DO NOTHING
"""
"""Orders that somebody was placing while migration 0054 was at work, who had to wait for it."""
_FUNCTIONS = ("ledger_debit", "orders_pay", "rows_stay")
_CHECKS = {
    "Account": {
        "account_kind": "kind = ANY ('{customer,house}'::text[])",
        "account_burn_policy": "burn_policy = ANY ('{bonus_first,principal_first,pro_rata,earliest_expiry}'::text[])",
    },
    "Lot": {"lot_kind": "kind = ANY ('{principal,bonus}'::text[])"},
    "Bill": {
        "bill_state": "state = ANY ('{open,partly_paid,paid,void,written_off}'::text[])",
        "bill_collect_mode": "collect_mode = ANY ('{full,partial,instalments}'::text[])",
        "bill_pending": "pending_no IS NULL OR state = ANY ('{open,partly_paid}'::text[])",
        "bill_manual_because": "manual_because IS NULL OR NOT automatic AND manual_because = ANY ('{refunded,review_rejected,review_expired}'::text[])",
    },
    "BillPayment": {
        "bill_payment_tender": "tender = ANY ('{balance,wechat_pay,alipay,counter}'::text[])",
        "bill_payment_of_channel": "(payment_no IS NOT NULL) = (tender = ANY ('{wechat_pay,alipay}'::text[]))",
        "bill_payment_matched_by": "matched_by = ANY ('{oldest_due,oldest_issued,smallest_first,due_date}'::text[])",
    },
    "Order": {
        "order_state": "state = ANY ('{placed,paid,confirmed,shipping,shipped,completed,cancelled}'::text[])"
    },
    "OutboxMessage": {"outbox_state": "state = ANY ('{queued,sent,dead,void}'::text[])"},
}


def _unchecked(model: str, name: str, of: str, related_name: str, **more: Any) -> ops.AlterField:
    column: Any = fields.ForeignKeyField(
        f"models.{of}",
        source_field=f"{name}_id",
        db_constraint=False,
        to_field="id",
        related_name=related_name,
        on_delete=fields.RESTRICT,
        **more,
    )
    return ops.AlterField(model, name, column)


class Migration(_steps.Migration):
    dependencies = [("models", "0054_order_deadlines")]

    operations = [
        ops.RunSQL([_LATE]),
        *(ops.RemoveConstraint(model, name=name) for model, checks in _CHECKS.items() for name in checks),
        *(add for model, checks in _CHECKS.items() for add in _parts.checks(model, **checks)),
        _unchecked("BillPayment", "bill", "Bill", "payments"),
        _unchecked("OrderEvent", "order", "Order", "events", db_index=False),
        ops.RunSQL(
            [
                "ALTER TABLE bill_payment DROP CONSTRAINT IF EXISTS bill_payment_bill_id_fkey",
                "ALTER TABLE order_event DROP CONSTRAINT IF EXISTS order_event_order_id_fkey",
            ]
        ),
        *(ops.RunSQL([(_SQL / f"{name}.sql").read_text("utf-8")]) for name in _FUNCTIONS),
    ]
