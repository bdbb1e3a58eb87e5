"""Rows of channels' bill files."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex

SPAN = 100_000_000
"""Ids of a file's rows: the file's id times this, plus the line's number."""
OF_FILE = f"BETWEEN f.id * {SPAN} AND f.id * {SPAN} + {SPAN - 1}"
"""Which ids the rows of a file ``f`` have, in SQL."""


class BillLine(Model):
    """One payment or refund as the channel's bill has it, and what of ours it stands for.

    ``id`` goes by ``SPAN``: the rows of a file lie together, in their order.
    """

    id = fields.BigIntField(primary_key=True, generated=False)
    kind = fields.CharField(max_length=7)
    at = fields.DatetimeField()
    channel_trade_no = fields.CharField(max_length=64)
    payment_no = fields.CharField(max_length=64)
    channel_refund_no = fields.CharField(max_length=64, null=True)
    refund_no = fields.CharField(max_length=64, null=True)
    amount_fen = fields.BigIntField()
    fee_milli = fields.BigIntField()
    """Thousandths of a fen: positive what the channel keeps, negative what it gives back."""
    state = fields.CharField(max_length=10)
    payment_id = fields.BigIntField(null=True)
    """Our payment of that number; of refunds None."""
    part_id = fields.BigIntField(null=True)
    """Our refund part of that number; of payments None."""
    expected_milli = fields.BigIntField(null=True)
    """The fee by our rules; None: there is no rule."""
    agrees = fields.BooleanField()
    """Number, amount, state and fee are ours as well."""
    other_day = fields.BooleanField()
    """What is ours of it has not ended on the bill's day, or there is none."""

    class Meta:
        table = "bill_line"
        indexes = (
            PartialIndex(fields=("payment_id",), name="bill_line_payment", where="payment_id IS NOT NULL"),
            PartialIndex(fields=("part_id",), name="bill_line_part", where="part_id IS NOT NULL"),
            PartialIndex(fields=("id",), name="bill_line_odd", where="NOT agrees"),
            PartialIndex(fields=("id",), name="bill_line_other_day", where="other_day"),
        )
        constraints = (
            CheckConstraint(
                check="kind IN ('payment', 'refund') AND amount_fen >= 0", name="bill_line_amount"
            ),
            CheckConstraint(
                check="(payment_id IS NULL OR kind = 'payment') AND (part_id IS NULL OR kind = 'refund')",
                name="bill_line_of_one",
            ),
            CheckConstraint(
                check="NOT agrees OR payment_id IS NOT NULL OR part_id IS NOT NULL", name="bill_line_agrees"
            ),
        )
