"""Lines of orders."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class OrderLine(Model):
    """So many of one SKU, with names and price as they stood when it was ordered."""

    id = fields.BigIntField(primary_key=True)
    order = fields.ForeignKeyField("models.Order", related_name="lines", on_delete=fields.RESTRICT)
    sku = fields.ForeignKeyField("models.Sku", related_name="lines", on_delete=fields.RESTRICT)
    product_name = fields.CharField(max_length=60)
    sku_name = fields.CharField(max_length=60)
    price_fen = fields.BigIntField()
    quantity = fields.IntField()
    amount_fen = fields.BigIntField()

    class Meta:
        table = "order_line"
        indexes = (Index(fields=("order_id",), name="order_line_order"),)
        constraints = (
            CheckConstraint(
                check="quantity > 0 AND amount_fen = price_fen * quantity", name="order_line_amount"
            ),
        )
