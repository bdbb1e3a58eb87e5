"""Carts 购物车."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class CartLine(Model):
    """So many of one SKU a customer has put aside to order. Nothing is reserved by that."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="cart", on_delete=fields.RESTRICT, db_index=False
    )
    sku = fields.ForeignKeyField(
        "models.Sku", related_name="in_carts", on_delete=fields.RESTRICT, db_index=False
    )
    quantity = fields.IntField()
    chosen = fields.BooleanField(default=True)
    """Whether it is ticked, to be ordered with the others."""
    added_at = fields.DatetimeField()

    class Meta:
        table = "cart_line"
        constraints = (
            UniqueConstraint(fields=("customer_id", "sku_id"), name="cart_line_of_a_sku"),
            CheckConstraint(check="quantity BETWEEN 1 AND 999", name="cart_line_quantity"),
        )
