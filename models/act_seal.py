"""Seals of what operators did."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class ActSeal(Model):
    """One business day of what operators did, sealed. Append-only.

    Its hash is chained to the day before (``members.act_seals`` says how). It covers the acts ``first_act_id`` to ``last_act_id``; a day without any covers an empty range, whose last is the one before its
    first.
    """

    id = fields.BigIntField(primary_key=True)
    day = fields.DateField(unique=True)
    first_act_id = fields.BigIntField()
    last_act_id = fields.BigIntField()
    acts = fields.BigIntField()
    changes = fields.BigIntField()
    content_hash = fields.BinaryField()
    previous_hash = fields.BinaryField()
    hash = fields.BinaryField()
    marks = fields.BinaryField()
    """Each act as its number and the start of its digest, sixteen bytes together: they name the act when something has changed."""
    sealed_at = fields.DatetimeField()

    class Meta:
        table = "act_seal"
        constraints = (
            CheckConstraint(
                check="octet_length(content_hash) = 32 AND octet_length(previous_hash) = 32 AND octet_length(hash) = 32",
                name="act_seal_hashes",
            ),
            CheckConstraint(
                check="last_act_id >= first_act_id - 1 AND least(acts, changes) >= 0 AND octet_length(marks) % 16 = 0",
                name="act_seal_counts",
            ),
        )
