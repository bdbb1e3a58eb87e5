"""Paying an order writes none of its indexes anew (HOT): no index asks for its state any more.

What an operator has to do with an order is asked by its stage, which the database keeps and which is the same of one to be paid and of one that
is paid. Those to be paid have a row in a table of their own, which the clock takes away in its time.
"""

from pathlib import Path

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from core.partial_index import PartialIndex
from migrations import _parts, _steps

_SQL = Path(__file__).parent / "sql"
_STAGE = """
ALTER TABLE shop_order ADD COLUMN stage text GENERATED ALWAYS AS (
    CASE WHEN state = ANY ('{placed,paid}'::text[]) THEN 'new' WHEN state <> ALL ('{completed,cancelled}'::text[]) THEN state END
) STORED
"""
_WAITING = """
INSERT INTO order_deadline (order_id, customer_id, expires_at)
SELECT id, customer_id, expires_at FROM shop_order WHERE state = 'placed' ORDER BY id
"""


class Migration(_steps.Migration):
    dependencies = [("models", "0053_listed_bills")]

    operations = [
        _parts.table(
            "OrderDeadline",
            "order_deadline",
            "Until when an order that was placed is to be paid.",
            [
                _parts.to("Order", "order", "deadline", fields.OneToOneField),
                ("customer_id", fields.BigIntField()),
                _parts.instant("expires_at"),
            ],
            indexes=[
                Index(fields=["customer_id"], name="order_deadline_customer"),
                Index(fields=["expires_at", "id"], name="order_deadline_passed"),
            ],
        ),
        ops.RunSQL([_WAITING]),
        *(
            ops.RemoveIndex("Order", name=name)
            for name in ("order_unpaid", "order_expiring", "order_completing", "order_at_work")
        ),
        ops.RunSQL(["ALTER TABLE shop_order SET (fillfactor = 80)", _STAGE]),
        ops.AddIndex(
            "Order", PartialIndex(fields=["completes_at"], name="order_completing", where="stage = 'shipped'")
        ),
        ops.RunSQL(
            [
                "CREATE INDEX order_at_work ON shop_order (stage, id) WHERE stage IS NOT NULL",
                "ANALYZE shop_order",  # or PostgreSQL takes nearly all orders to be at work, until it has looked
                "ANALYZE order_deadline",
            ]
        ),
        ops.RunSQL([(_SQL / "orders_place.sql").read_text("utf-8")]),
    ]
