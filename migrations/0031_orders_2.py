"""What orders learnt later: how many wait for their payment; instalments; reports of
shipments that wait for parcels."""

from tortoise import fields
from tortoise.migrations import operations as ops

from core.partial_index import PartialIndex
from migrations import _parts, _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0030_standing_orders")]

    operations = [
        ops.AddIndex(
            "Order", PartialIndex(fields=["customer_id"], name="order_unpaid", where="state = 'placed'")
        ),
        ops.AddField("Bill", "reduced_fen", fields.BigIntField(default=0, db_default=0)),
        ops.AddField("AfterSale", "reduced_fen", fields.BigIntField(default=0, db_default=0)),
        *_parts.checks("Bill", bill_reduced="reduced_fen = 0 OR reduced_fen > 0 AND source LIKE 'order:%'"),
        *_parts.checks(
            "AfterSale", after_sale_reduced="reduced_fen = 0 OR reduced_fen > 0 AND refund_fen IS NOT NULL"
        ),
        ops.RemoveConstraint("ShippingReport", "shipping_report_state"),
        ops.RemoveConstraint("ShippingReport", "shipping_report_ended"),
        *_parts.checks(
            "ShippingReport",
            shipping_report_state="state IN ('due', 'waiting', 'done', 'needless', 'given_up')",
            shipping_report_ended="(ended_at IS NULL) = (state IN ('due', 'waiting'))",
        ),
    ]
