"""Receipts 收款凭证."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Receipt(Model):
    """The numbered receipt for one payment that came in, at a channel or at the counter. Made when it is first asked for."""

    id = fields.BigIntField(primary_key=True)
    receipt_no = fields.CharField(max_length=32, unique=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="receipts", on_delete=fields.RESTRICT, db_index=False
    )
    source = fields.CharField(max_length=10)
    source_no = fields.CharField(max_length=32)
    """Number of the payment at the channel, or of the counter payment."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "receipt"
        indexes = (Index(fields=("customer_id", "id"), name="receipt_customer"),)
        constraints = (
            UniqueConstraint(fields=("source", "source_no"), name="receipt_of_one_payment"),
            CheckConstraint(check="source IN ('payment', 'counter')", name="receipt_source"),
        )
