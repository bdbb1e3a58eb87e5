"""Fees of channels in the books."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class ChannelFee(Model):
    """The fees of one channel and day, posted when the day was closed; given back in the books when it was opened again."""

    id = fields.BigIntField(primary_key=True)
    day = fields.ForeignKeyField(
        "models.ChannelDay", related_name="fees", on_delete=fields.RESTRICT, db_index=False
    )
    file_id = fields.BigIntField(null=True)
    """The bill they are from; None: a day without one."""
    fee_milli = fields.BigIntField()
    """The bill's sum, in thousandths of a fen."""
    amount_fen = fields.BigIntField()
    """The sum in whole fen; negative: the channel gave back more than it kept."""
    transfer_reference = fields.CharField(max_length=100, null=True, unique=True)
    """None: there was nothing to post."""
    reversal_reference = fields.CharField(max_length=100, null=True, unique=True)
    posted_at = fields.DatetimeField()
    reversed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "channel_fee"
        constraints = (
            UniqueConstraint(
                fields=("day_id",), name="channel_fee_in_force", condition="reversed_at IS NULL"
            ),
            CheckConstraint(
                check="(transfer_reference IS NOT NULL) = (amount_fen <> 0)", name="channel_fee_posted"
            ),
            CheckConstraint(
                check="(reversal_reference IS NOT NULL) = (reversed_at IS NOT NULL AND amount_fen <> 0)",
                name="channel_fee_reversed",
            ),
        )
