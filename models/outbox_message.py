"""Outbox: messages that must go out because something happened."""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.one_of import one_of
from core.partial_index import PartialIndex


class OutboxMessage(Model):
    """A message to a customer, written in the transaction of the event it tells of; delivered or visibly dead (I13)."""

    id = fields.BigIntField(primary_key=True)
    customer_id = fields.BigIntField()
    kind = fields.CharField(max_length=30)
    dedup_key = fields.CharField(max_length=120, unique=True)
    """Names the event: the same event queues one message, however often it is told."""
    params = fields.JSONField()
    state = fields.CharField(max_length=10, default="queued")
    channel = fields.CharField(max_length=20, null=True)
    """How it went out at last; ``inbox``: shown in the mini-program only."""
    reason = fields.CharField(max_length=40, null=True)
    """Why it was not sent, in a word; only of ``void`` ones."""
    not_before = fields.DatetimeField(null=True)
    stale_after = fields.DatetimeField(null=True)
    """Not sent any more after this; None: however late."""
    attempts = fields.IntField(default=0)
    trying = fields.CharField(max_length=20, null=True)
    """The channel of an attempt that was begun and whose end nobody has recorded: it may have arrived."""
    trying_at = fields.DatetimeField(null=True)
    """When the first attempt of that channel began."""
    refused_by = ArrayField(element_type="text", null=True)
    """Channels that have refused it for good."""
    is_counted = fields.BooleanField(db_default=False)
    """Whether it stands in its customer's allowance of reminders or marketing already."""
    next_attempt_at = fields.DatetimeField(null=True)
    lease_until = fields.DatetimeField(null=True)
    lease_token = fields.UUIDField(null=True)
    last_error = fields.CharField(max_length=200, null=True)
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "outbox_message"
        indexes = (
            Index(fields=("customer_id", "id"), name="outbox_customer"),
            PartialIndex(fields=("next_attempt_at", "id"), name="outbox_due", where="state = 'queued'"),
            PartialIndex(fields=("id",), name="outbox_dead", where="state = 'dead'"),
        )
        constraints = (
            CheckConstraint(check=one_of("state", "queued", "sent", "dead", "void"), name="outbox_state"),
            CheckConstraint(check="(reason IS NOT NULL) = (state = 'void')", name="outbox_reason"),
            CheckConstraint(check="trying IS NULL OR state = 'queued'", name="outbox_trying"),
            CheckConstraint(check="(trying IS NULL) = (trying_at IS NULL)", name="outbox_trying_at"),
            CheckConstraint(
                check="(next_attempt_at IS NOT NULL) = (state = 'queued')", name="outbox_next_attempt"
            ),
            CheckConstraint(check="(ended_at IS NULL) = (state = 'queued')", name="outbox_ended"),
        )
