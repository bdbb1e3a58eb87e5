"""What came to stock and left it."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class StockMovement(Model):
    """One change of what a store has of a SKU: by whom, why, and what there was then. Never changed."""

    id = fields.BigIntField(primary_key=True)
    sku = fields.ForeignKeyField(
        "models.Sku", related_name="movements", on_delete=fields.RESTRICT, db_index=False
    )
    store_id = fields.BigIntField(default=0)
    kind = fields.CharField(max_length=12)
    change = fields.IntField()
    on_hand_after = fields.IntField()
    by = fields.CharField(max_length=64)
    """``operator:…``, ``customer:…``, ``clock``, or ``setup``: what the demo began with."""
    reason = fields.CharField(max_length=200, default="")
    reference = fields.CharField(max_length=64, null=True)
    """The order or return it belongs to."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "stock_movement"
        indexes = (Index(fields=("sku_id", "id"), name="stock_movement_sku"),)
        constraints = (
            CheckConstraint(
                check="kind IN ('opened', 'adjusted', 'counted', 'shipped', 'handed_over', 'returned')",
                name="stock_movement_kind",
            ),
            CheckConstraint(check="change <> 0 AND on_hand_after >= 0", name="stock_movement_change"),
        )
