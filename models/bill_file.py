"""Bill files of channels."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class BillFile(Model):
    """A channel's file that was read whole, with what its rows come to. Fees are thousandths of a fen."""

    id = fields.BigIntField(primary_key=True)
    day = fields.ForeignKeyField(
        "models.ChannelDay", related_name="files", on_delete=fields.RESTRICT, db_index=False
    )
    sha256 = fields.BinaryField()
    size_bytes = fields.BigIntField()
    given_by = fields.CharField(max_length=64)
    """``channel:wechat_pay`` where the clock fetched it, or the operator who brought it."""
    payments = fields.BigIntField()
    payment_fen = fields.BigIntField()
    refunds = fields.BigIntField()
    refund_fen = fields.BigIntField()
    fee_milli = fields.BigIntField()
    is_current = fields.BooleanField(default=True)
    received_at = fields.DatetimeField()
    replaced_at = fields.DatetimeField(null=True)

    class Meta:
        table = "bill_file"
        indexes = (Index(fields=("day_id", "id"), name="bill_file_day"),)
        constraints = (
            UniqueConstraint(fields=("day_id",), name="bill_file_current", condition="is_current"),
            CheckConstraint(check="is_current = (replaced_at IS NULL)", name="bill_file_replaced"),
            CheckConstraint(
                check="payments >= 0 AND payment_fen >= 0 AND refunds >= 0 AND refund_fen >= 0",
                name="bill_file_amounts",
            ),
        )
