"""What goes out to a chat by itself, not as the answer to a push."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class ChatOutgoing(Model):
    """A text to one person, written down before the platform is asked to carry it. One person's go out in the order of their numbers."""

    id = fields.BigIntField(primary_key=True)
    app_id = fields.CharField(max_length=40)
    openid = fields.CharField(max_length=128)
    text = fields.TextField()
    state = fields.CharField(max_length=10, default="queued")
    reason = fields.CharField(max_length=20, null=True)
    """Why it was refused, in a word."""
    code = fields.CharField(max_length=40, null=True)
    """The platform's last word."""
    attempts = fields.IntField(default=0)
    next_attempt_at = fields.DatetimeField(null=True)
    lease_token = fields.UUIDField(null=True)
    lease_until = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "chat_outgoing"
        indexes = (
            Index(fields=("app_id", "openid", "id"), name="chat_outgoing_person"),
            PartialIndex(
                fields=("next_attempt_at", "id"), name="chat_outgoing_due", where="ended_at IS NULL"
            ),
        )
        constraints = (
            CheckConstraint(
                check="state IN ('queued', 'sending', 'sent', 'refused', 'unknown')",
                name="chat_outgoing_state",
            ),
            CheckConstraint(
                check="(ended_at IS NULL) = (state IN ('queued', 'sending'))", name="chat_outgoing_ended"
            ),
            CheckConstraint(check="(reason IS NOT NULL) = (state = 'refused')", name="chat_outgoing_reason"),
            CheckConstraint(
                check="(next_attempt_at IS NOT NULL) = (state = 'queued')", name="chat_outgoing_next"
            ),
        )
