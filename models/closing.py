"""Closings 销户: accounts that are given up, and what was paid out."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Closing(Model):
    """An account being closed: from the approval until all principal is paid out."""

    id = fields.BigIntField(primary_key=True)
    closing_no = fields.CharField(max_length=32, unique=True)
    customer = fields.ForeignKeyField("models.Customer", related_name="closings", on_delete=fields.RESTRICT)
    reason = fields.CharField(max_length=200)
    operator_id = fields.BigIntField()
    approval_no = fields.CharField(max_length=32, unique=True)
    state = fields.CharField(max_length=10, default="paying")
    bonus_fen = fields.BigIntField(default=0)
    """Bonus that went back to the house."""
    paid_out_fen = fields.BigIntField(default=0)
    created_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "closing"
        indexes = (Index(fields=("customer_id", "id"), name="closing_customer"),)
        constraints = (
            UniqueConstraint(fields=("customer_id",), name="closing_under_way", condition="state = 'paying'"),
            CheckConstraint(check="state IN ('paying', 'closed')", name="closing_state"),
            CheckConstraint(check="bonus_fen >= 0 AND paid_out_fen >= 0", name="closing_amounts"),
            CheckConstraint(check="(closed_at IS NOT NULL) = (state = 'closed')", name="closing_closed_at"),
        )
