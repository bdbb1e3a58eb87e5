"""Price rules 价格规则."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class PriceRule(Model):
    """A lower price of a SKU for a tier, at a store, or for a time. Never changed, only ended."""

    id = fields.BigIntField(primary_key=True)
    sku = fields.ForeignKeyField(
        "models.Sku", related_name="price_rules", on_delete=fields.RESTRICT, db_index=False
    )
    price_fen = fields.BigIntField()
    tier = fields.CharField(max_length=20, null=True)
    """The code of the tier it is for, and for all above it; None: for everybody. A foreign key in the database."""
    store = fields.ForeignKeyField(
        "models.Store", related_name="price_rules", on_delete=fields.RESTRICT, null=True, db_index=False
    )
    """Where it holds; None: everywhere."""
    from_at = fields.DatetimeField(null=True)
    until_at = fields.DatetimeField(null=True)
    """When it holds: from the first instant on, before the second."""
    created_by = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()
    ended_by = fields.CharField(max_length=64, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "price_rule"
        indexes = (
            PartialIndex(fields=("sku_id", "price_fen"), name="price_rule_of", where="ended_at IS NULL"),
        )
        constraints = (
            CheckConstraint(check="price_fen > 0", name="price_rule_price"),
            CheckConstraint(check="from_at < until_at", name="price_rule_period"),
            CheckConstraint(
                check="tier IS NOT NULL OR store_id IS NOT NULL OR from_at IS NOT NULL OR until_at IS NOT NULL",
                name="price_rule_for_something",
            ),
            CheckConstraint(check="(ended_at IS NULL) = (ended_by IS NULL)", name="price_rule_ended"),
        )
