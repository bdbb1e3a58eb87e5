"""Blocks of seals: what names the transfer when a sealed day has changed."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class SealBlock(Model):
    """Up to a thousand transfers of a sealed day, each as its number and the start of its digest, sixteen bytes together.

    Append-only; only ``ledger`` writes here. The verdict on a day never rests on this table, only which transfer is named.
    """

    id = fields.BigIntField(primary_key=True)
    day = fields.DateField()
    block_no = fields.IntField()
    marks = fields.BinaryField()

    class Meta:
        table = "seal_block"
        unique_together = (("day", "block_no"),)
        constraints = (CheckConstraint(check="octet_length(marks) % 16 = 0", name="seal_block_marks"),)
