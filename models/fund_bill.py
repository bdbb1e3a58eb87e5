"""Channels' bills of funds."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class FundBill(Model):
    """What moved on the merchant's account at a channel on one day, by why it moved: negative where it went out."""

    id = fields.BigIntField(primary_key=True)
    day = fields.OneToOneField("models.ChannelDay", related_name="funds", on_delete=fields.RESTRICT)
    sha256 = fields.BinaryField()
    size_bytes = fields.BigIntField()
    given_by = fields.CharField(max_length=64)
    rows = fields.BigIntField()
    opening_fen = fields.BigIntField()
    payment_fen = fields.BigIntField()
    refund_fen = fields.BigIntField()
    fee_fen = fields.BigIntField()
    transfer_fen = fields.BigIntField()
    withdrawal_fen = fields.BigIntField()
    other_fen = fields.BigIntField()
    closing_fen = fields.BigIntField()
    broken_line = fields.BigIntField(null=True)
    """The first line whose balance does not follow from the one before."""
    received_at = fields.DatetimeField()

    class Meta:
        table = "fund_bill"
        constraints = (
            CheckConstraint(
                check="broken_line IS NOT NULL OR opening_fen + payment_fen + refund_fen + fee_fen + transfer_fen + withdrawal_fen"
                " + other_fen = closing_fen",
                name="fund_bill_rolls_forward",
            ),
        )
