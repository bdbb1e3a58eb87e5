"""Payouts 付款: principal handed back to a customer whose account is closed."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class Payout(Model):
    """An amount paid out at the counter against a receipt, or sent through a channel; the receipt is then the channel's number."""

    id = fields.BigIntField(primary_key=True)
    payout_no = fields.CharField(max_length=32, unique=True)
    closing = fields.ForeignKeyField(
        "models.Closing", related_name="payouts", on_delete=fields.RESTRICT, db_index=False
    )
    amount_fen = fields.BigIntField()
    receipt_no = fields.CharField(max_length=64)
    tender = fields.CharField(max_length=20, default="counter", db_default="counter")
    remittance_no = fields.CharField(max_length=32, null=True, unique=True)
    operator_id = fields.BigIntField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "payout"
        indexes = (Index(fields=("closing_id",), name="payout_closing"),)
        constraints = (
            CheckConstraint(check="amount_fen > 0", name="payout_amount"),
            CheckConstraint(check="tender IN ('counter', 'wechat_pay')", name="payout_tender"),
            CheckConstraint(
                check="(remittance_no IS NOT NULL) = (tender <> 'counter')", name="payout_remittance"
            ),
        )
