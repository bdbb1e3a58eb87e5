"""Proofs of the books that were run."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class ProofRun(Model):
    """What one proof of the books found, and how far it looked: the next one may check only what came after.

    Only ``ledger`` writes here.
    """

    id = fields.BigIntField(primary_key=True)
    day = fields.DateField()
    proved_at = fields.DatetimeField()
    whole = fields.BooleanField()
    """Whether the whole database was checked, or only what changed since the last success."""
    freshness = fields.BooleanField()
    violations = fields.JSONField()
    """How many rows break each invariant; empty is the proof."""
    last_ids = fields.JSONField(null=True)
    """The last number of each table, below which everything was committed when the proof began. None: somebody was at work."""
    transfers = fields.BigIntField()
    postings = fields.BigIntField()
    entries = fields.BigIntField()

    class Meta:
        table = "proof_run"
        constraints = (
            CheckConstraint(check="least(transfers, postings, entries) >= 0", name="proof_run_counts"),
        )
