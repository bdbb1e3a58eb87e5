"""Stock 库存, by store."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Stock(Model):
    """How much of a SKU a store has, and how much of that is promised to orders. What is left can be ordered."""

    id = fields.BigIntField(primary_key=True)
    sku = fields.ForeignKeyField(
        "models.Sku", related_name="stocks", on_delete=fields.RESTRICT, db_index=False
    )
    store_id = fields.BigIntField(default=0)
    """0: the shop itself, which is all there is of a shop without stores."""
    on_hand = fields.IntField()
    reserved = fields.IntField(default=0)
    low_at = fields.IntField(null=True)
    """The shop's people are told when no more than so much can be ordered any more; None: never."""

    class Meta:
        table = "stock"
        constraints = (
            UniqueConstraint(fields=("sku_id", "store_id"), name="stock_of_a_store"),
            CheckConstraint(check="reserved BETWEEN 0 AND on_hand", name="stock_never_oversold"),
            CheckConstraint(check="low_at >= 0", name="stock_low_at"),
        )
