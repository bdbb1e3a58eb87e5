"""Money that reached a channel but cannot be credited as it stands."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Quarantine(Model):
    """A paid channel trade that does not match what we asked for: visible to operators until resolved, never lost."""

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=20)
    channel_trade_no = fields.CharField(max_length=64)
    payment_no = fields.CharField(max_length=64)
    """The number the channel named; there may be no payment of ours under it."""
    reason = fields.CharField(max_length=30)
    amount_fen = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    detail = fields.JSONField()
    state = fields.CharField(max_length=10, default="open")
    created_at = fields.DatetimeField()
    resolved_at = fields.DatetimeField(null=True)

    class Meta:
        table = "quarantine"
        indexes = (PartialIndex(fields=("id",), name="quarantine_open", where="state = 'open'"),)
        constraints = (
            UniqueConstraint(fields=("channel", "channel_trade_no"), name="quarantine_trade"),
            CheckConstraint(check="state IN ('open', 'resolved')", name="quarantine_state"),
        )
