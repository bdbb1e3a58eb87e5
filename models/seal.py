"""Seals 日封: the hash of a business day's books, chained to the day before."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class Seal(Model):
    """One business day of the books, sealed (I4). Append-only; only ``ledger`` writes here (``ledger.seal`` says how).

    It covers the transfers ``first_transfer_id`` to ``last_transfer_id``; a day without any covers an empty range, whose last
    is the one before its first.
    """

    id = fields.BigIntField(primary_key=True)
    day = fields.DateField(unique=True)
    first_transfer_id = fields.BigIntField()
    last_transfer_id = fields.BigIntField()
    transfers = fields.BigIntField()
    postings = fields.BigIntField()
    entries = fields.BigIntField()
    amount_fen = fields.BigIntField()
    """The sum of the postings' amounts."""
    content_hash = fields.BinaryField()
    previous_hash = fields.BinaryField()
    hash = fields.BinaryField()
    sealed_at = fields.DatetimeField()

    class Meta:
        table = "seal"
        constraints = (
            CheckConstraint(
                check="octet_length(content_hash) = 32 AND octet_length(previous_hash) = 32 AND octet_length(hash) = 32",
                name="seal_hashes",
            ),
            CheckConstraint(
                check="last_transfer_id >= first_transfer_id - 1 AND least(transfers, postings, entries, amount_fen) >= 0",
                name="seal_counts",
            ),
        )
