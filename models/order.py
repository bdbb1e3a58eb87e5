"""Orders 订单."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.one_of import one_of
from core.partial_index import PartialIndex


class Order(Model):
    """What a customer ordered. Its bill says what is owed for it.

    PostgreSQL adds ``stage``, by which orders at work are found: the state, but ``new`` of those to be paid and of those that are paid, and none of
    those at an end. What an index asks for is written anew in all indexes when it changes; a payment changes no such thing. A deadline
    (``OrderDeadline``) finds those to be paid.
    """

    id = fields.BigIntField(primary_key=True)
    order_no = fields.CharField(max_length=32, unique=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="orders", on_delete=fields.RESTRICT, db_index=False
    )
    state = fields.CharField(max_length=10, default="placed")
    store_id = fields.BigIntField(default=0)
    """Which store's stock it is taken from; 0: the shop's own."""
    goods_fen = fields.BigIntField()
    discount_fen = fields.BigIntField(default=0)
    freight_fen = fields.BigIntField(default=0)
    total_fen = fields.BigIntField()
    tax_fen = fields.BigIntField(default=0)
    """How much of the total is tax: prices include it."""
    discounts = fields.JSONField(null=True)
    """What the discount is made of: kind, name and amount each."""
    address = fields.JSONField(null=True)
    """Where it goes, as it stood when that was said; None: it is fetched. The phone in it is sealed (``core.sealed``)."""
    remark = fields.CharField(max_length=200, default="")
    bill_no = fields.CharField(max_length=32, unique=True)
    placed_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    """An order still unpaid then is cancelled and its stock given back."""
    paid_at = fields.DatetimeField(null=True)
    shipped_at = fields.DatetimeField(null=True)
    """When the last of it was shipped."""
    completes_at = fields.DatetimeField(null=True)
    """When a shipped order that nobody confirmed counts as received."""
    completed_at = fields.DatetimeField(null=True)
    after_sales_days = fields.IntField(null=True)
    """So long after that after-sales can be asked for, as the shop had it then; 0: always."""
    cancelled_at = fields.DatetimeField(null=True)
    hidden_at = fields.DatetimeField(null=True)
    """When the customer took it off their list."""

    class Meta:
        table = "shop_order"
        indexes = (
            Index(fields=("customer_id", "id"), name="order_customer"),
            Index(fields=("total_fen", "id"), name="order_by_total"),
            PartialIndex(fields=("store_id", "id"), name="order_store", where="store_id <> 0"),
            PartialIndex(
                fields=("store_id", "total_fen", "id"), name="order_store_total", where="store_id <> 0"
            ),
            PartialIndex(fields=("completes_at",), name="order_completing", where="stage = 'shipped'"),
        )
        constraints = (
            CheckConstraint(check="starts_with(address ->> 'phone', 's1.')", name="order_address_sealed"),
            CheckConstraint(
                check=one_of(
                    "state", "placed", "paid", "confirmed", "shipping", "shipped", "completed", "cancelled"
                ),
                name="order_state",
            ),
            CheckConstraint(
                check="total_fen > 0 AND total_fen = goods_fen - discount_fen + freight_fen",
                name="order_total",
            ),
            CheckConstraint(
                check="discount_fen BETWEEN 0 AND goods_fen AND freight_fen >= 0 AND tax_fen BETWEEN 0 AND total_fen",
                name="order_amounts",
            ),
            CheckConstraint(check="state <> 'shipped' OR completes_at IS NOT NULL", name="order_completes"),
        )
