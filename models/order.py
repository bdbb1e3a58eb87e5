"""Orders 订单."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Order(Model):
    """What a customer ordered. Its bill says what is owed for it."""

    id = fields.BigIntField(primary_key=True)
    order_no = fields.CharField(max_length=32, unique=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="orders", on_delete=fields.RESTRICT, db_index=False
    )
    state = fields.CharField(max_length=10, default="placed")
    total_fen = fields.BigIntField()
    bill_no = fields.CharField(max_length=32, unique=True)
    placed_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    """An order still unpaid then is cancelled and its stock given back."""
    paid_at = fields.DatetimeField(null=True)
    completed_at = fields.DatetimeField(null=True)
    cancelled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "shop_order"
        indexes = (
            Index(fields=("customer_id", "id"), name="order_customer"),
            PartialIndex(fields=("expires_at",), name="order_expiring", where="state = 'placed'"),
        )
        constraints = (
            CheckConstraint(
                check="state IN ('placed', 'paid', 'completed', 'cancelled')", name="order_state"
            ),
            CheckConstraint(check="total_fen > 0", name="order_total"),
        )
