"""Payouts 付款: principal handed back to a customer whose account is closed."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class Payout(Model):
    """An amount paid out at the counter, and the receipt the customer signed."""

    id = fields.BigIntField(primary_key=True)
    payout_no = fields.CharField(max_length=32, unique=True)
    closing = fields.ForeignKeyField(
        "models.Closing", related_name="payouts", on_delete=fields.RESTRICT, db_index=False
    )
    amount_fen = fields.BigIntField()
    receipt_no = fields.CharField(max_length=64)
    operator_id = fields.BigIntField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "payout"
        indexes = (Index(fields=("closing_id",), name="payout_closing"),)
        constraints = (CheckConstraint(check="amount_fen > 0", name="payout_amount"),)
