"""Entries: what a transfer did to one customer's account."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class Entry(Model):
    """A line of a customer's 变动记录, with the balances after it. Append-only; only ``ledger`` writes here.

    ``entry_no`` counts without gaps, and each line's balances are those of the line before plus its own change (I2).
    """

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    entry_no = fields.BigIntField()
    transfer_id = fields.BigIntField()
    principal_fen = fields.BigIntField()
    bonus_fen = fields.BigIntField()
    principal_after_fen = fields.BigIntField()
    bonus_after_fen = fields.BigIntField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "entry"
        unique_together = (("account_id", "entry_no"),)
        indexes = (Index(fields=("transfer_id",), name="entry_transfer"),)
        constraints = (
            CheckConstraint(
                check="principal_after_fen >= 0 AND bonus_after_fen >= 0", name="entry_not_negative"
            ),
        )
