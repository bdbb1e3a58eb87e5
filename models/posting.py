"""Postings: the legs of transfers."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class Posting(Model):
    """A positive amount from one account to another, hence never unbalanced. Append-only; only ``ledger`` writes here.

    No foreign keys to ``account``: checking one would lock the house account's row for every payment of the shop. The one
    writer resolves the accounts itself, and the proof looks for orphans.
    """

    id = fields.BigIntField(primary_key=True)
    transfer_id = fields.BigIntField()
    source_id = fields.BigIntField()
    target_id = fields.BigIntField()
    source_lot_id = fields.BigIntField(null=True)
    """The customer's lot the money left, where the source is a customer."""
    target_lot_id = fields.BigIntField(null=True)
    """The customer's lot the money entered, where the target is a customer."""
    amount_fen = fields.BigIntField()

    class Meta:
        table = "posting"
        indexes = (Index(fields=("transfer_id",), name="posting_transfer"),)
        constraints = (
            CheckConstraint(check="amount_fen > 0", name="posting_positive"),
            CheckConstraint(
                check="source_id <> target_id OR source_lot_id <> target_lot_id", name="posting_moves"
            ),
        )
