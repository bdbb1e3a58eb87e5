"""Delivery reports: messages that are said not to have arrived, and what the provider answered when it was asked."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class DeliveryReport(Model):
    """One for each message at most, however often it is said."""

    id = fields.BigIntField(primary_key=True)
    message_id = fields.BigIntField(unique=True)
    """No foreign key, as of attempts: messages are never deleted."""
    said = fields.CharField(max_length=64)
    """The code somebody gave. Nobody has proven it."""
    sent_on = fields.DateField()
    """The day they say it was sent on, which is the one to ask about."""
    asks = fields.IntField(default=0)
    """How often the provider was asked."""
    next_ask_at = fields.DatetimeField(null=True)
    outcome = fields.CharField(max_length=10, null=True)
    """``failed``: the provider says so too, and the next channel tells it; ``arrived``: it does not; ``unheard``: it does not know; ``moot``:
    the message went another way meanwhile."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "delivery_report"
        indexes = (
            PartialIndex(
                fields=("next_ask_at", "id"), name="delivery_report_due", where="next_ask_at IS NOT NULL"
            ),
        )
        constraints = (
            CheckConstraint(
                check="outcome IN ('failed', 'arrived', 'unheard', 'moot')", name="delivery_report_outcome"
            ),
            CheckConstraint(
                check="(outcome IS NULL) = (next_ask_at IS NOT NULL)", name="delivery_report_over"
            ),
            CheckConstraint(check="asks >= 0", name="delivery_report_asks"),
        )
