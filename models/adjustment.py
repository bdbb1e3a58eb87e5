"""Adjustments 调整: corrections of balances by operators."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class Adjustment(Model):
    """One correction of a balance: who, why, by whom approved. Never edited; a wrong one is reversed by another."""

    id = fields.BigIntField(primary_key=True)
    adjustment_no = fields.CharField(max_length=32, unique=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="adjustments", on_delete=fields.RESTRICT
    )
    kind = fields.CharField(max_length=10)
    amount_fen = fields.BigIntField()
    """Signed: what the customer got or lost."""
    reason = fields.CharField(max_length=200)
    operator_id = fields.BigIntField()
    approval_no = fields.CharField(max_length=32, null=True)
    """The approval it was carried out under, where it needed one."""
    reverses_no = fields.CharField(max_length=32, null=True, unique=True)
    """The adjustment it undoes; each is undone once at most."""
    transfer_reference = fields.CharField(max_length=100, unique=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "adjustment"
        indexes = (Index(fields=("customer_id", "id"), name="adjustment_customer"),)
        constraints = (
            CheckConstraint(check="kind IN ('principal', 'bonus')", name="adjustment_kind"),
            CheckConstraint(check="amount_fen <> 0", name="adjustment_amount"),
        )
