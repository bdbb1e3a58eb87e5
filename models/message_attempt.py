"""Attempts to get a message to its customer."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class MessageAttempt(Model):
    """One try of one channel, or one replay by an operator, and what came of it. Append-only."""

    id = fields.BigIntField(primary_key=True)
    message_id = fields.BigIntField()
    """No foreign key: written by the thousand, and messages are never deleted without their attempts."""
    channel = fields.CharField(max_length=20)
    result = fields.CharField(max_length=10)
    """``sent``; ``refused`` for good; ``later`` not now; ``unknown`` whether it arrived; ``failed`` by a fault of ours;
    ``replayed`` by an operator."""
    code = fields.CharField(max_length=60, default="")
    """What the platform called it, or who replayed it."""
    note = fields.CharField(max_length=200, default="")
    at = fields.DatetimeField()

    class Meta:
        table = "message_attempt"
        indexes = (
            Index(fields=("message_id", "id"), name="message_attempt_message"),
            PartialIndex(
                fields=("code",),
                name="message_attempt_template",
                where="channel = 'template' AND result = 'sent'",
            ),
        )
        constraints = (
            CheckConstraint(
                check="result IN ('sent', 'refused', 'later', 'unknown', 'failed', 'replayed')",
                name="message_attempt_result",
            ),
        )
