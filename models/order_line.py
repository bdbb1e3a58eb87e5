"""Lines of orders."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex

TAX = (
    "tax_percent >= 0 AND tax_fen = amount_fen - discount_fen"
    " - ((amount_fen - discount_fen) * 200 + 100 + tax_percent) / (2 * (100 + tax_percent))"
)
"""``shop.taxes.included``, as the table holds it to be."""


class OrderLine(Model):
    """So many of one SKU, with names and price as they stood when it was ordered."""

    id = fields.BigIntField(primary_key=True)
    order = fields.ForeignKeyField("models.Order", related_name="lines", on_delete=fields.RESTRICT)
    sku = fields.ForeignKeyField("models.Sku", related_name="lines", on_delete=fields.RESTRICT)
    product_name = fields.CharField(max_length=60)
    sku_name = fields.CharField(max_length=60)
    list_fen = fields.BigIntField()
    """What it costs who has no better price."""
    price_fen = fields.BigIntField()
    quantity = fields.IntField()
    amount_fen = fields.BigIntField()
    discount_fen = fields.BigIntField(default=0)
    """Its share of the order's discount."""
    tax_percent = fields.IntField(db_default=0)
    """At which rate it was taxed when it was ordered."""
    tax_fen = fields.BigIntField(db_default=0)
    """How much of the amount less the discount is tax."""
    reserved = fields.IntField()
    """How many of them stock still keeps for it."""
    shipped = fields.IntField(default=0)

    class Meta:
        table = "order_line"
        indexes = (
            Index(fields=("order_id",), name="order_line_order"),
            PartialIndex(fields=("sku_id",), name="order_line_reserved", where="reserved > 0"),
        )
        constraints = (
            CheckConstraint(
                check="quantity > 0 AND amount_fen = price_fen * quantity", name="order_line_amount"
            ),
            CheckConstraint(
                check="price_fen BETWEEN 1 AND list_fen AND discount_fen BETWEEN 0 AND amount_fen",
                name="order_line_prices",
            ),
            CheckConstraint(
                check="reserved >= 0 AND shipped >= 0 AND reserved + shipped <= quantity",
                name="order_line_stock",
            ),
            CheckConstraint(check=TAX, name="order_line_tax"),
        )
