"""Products 商品."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class Product(Model):
    """Something the shop sells, in one or more SKUs."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=60)
    description = fields.CharField(max_length=500, default="")
    state = fields.CharField(max_length=10, default="on_shelf")
    created_at = fields.DatetimeField()

    class Meta:
        table = "product"
        constraints = (CheckConstraint(check="state IN ('on_shelf', 'off_shelf')", name="product_state"),)
