"""SKUs 规格."""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Sku(Model):
    """A product in one specification, with its price and what is left of it."""

    id = fields.BigIntField(primary_key=True)
    product = fields.ForeignKeyField("models.Product", related_name="skus", on_delete=fields.RESTRICT)
    name = fields.CharField(max_length=60)
    specs = ArrayField(element_type="text", db_default=[])
    """One value of each of the product's axes, in their order; empty where it has only a name."""
    code = fields.CharField(max_length=40, null=True, unique=True)
    """The shop's own number for it."""
    barcode = fields.CharField(max_length=32, null=True, unique=True)
    price_fen = fields.BigIntField()
    """The list price; price rules may make it less."""
    weight_g = fields.IntField(db_default=0)
    """What a piece weighs with its wrapping, in grams; freight counts it."""
    state = fields.CharField(max_length=10, db_default="on_sale")
    """``withdrawn``: it is not one of the product's SKUs any more; old orders still show it."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "sku"
        indexes = (Index(fields=("product_id",), name="sku_product"),)
        constraints = (
            CheckConstraint(check="price_fen > 0", name="sku_price"),
            CheckConstraint(check="weight_g >= 0", name="sku_weight"),
            CheckConstraint(check="state IN ('on_sale', 'withdrawn')", name="sku_state"),
            UniqueConstraint(
                fields=("product_id", "specs"),
                name="sku_specs",
                condition="state = 'on_sale' AND specs <> '{}'",
            ),
        )
