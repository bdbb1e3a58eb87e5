"""SKUs 规格."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class Sku(Model):
    """A product in one specification, with its price and what is left of it."""

    id = fields.BigIntField(primary_key=True)
    product = fields.ForeignKeyField("models.Product", related_name="skus", on_delete=fields.RESTRICT)
    name = fields.CharField(max_length=60)
    price_fen = fields.BigIntField()
    stock = fields.IntField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "sku"
        indexes = (Index(fields=("product_id",), name="sku_product"),)
        constraints = (
            CheckConstraint(check="price_fen > 0", name="sku_price"),
            CheckConstraint(check="stock >= 0", name="sku_never_oversold"),
        )
