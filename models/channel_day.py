"""Days of reconciliation."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class ChannelDay(Model):
    """One channel's books of one day in Beijing, compared with ours: from the wait for its bill until everything is explained."""

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=20)
    day = fields.DateField()
    merchant_id = fields.CharField(max_length=40)
    state = fields.CharField(max_length=10, default="waiting")
    fetch_at = fields.DatetimeField(null=True)
    """When the clock asks for the bill next; None: it does not."""
    funds_at = fields.DatetimeField(null=True)
    """When the clock asks for the bill of funds next; None: it does not."""
    tries = fields.IntField(default=0)
    last_answer = fields.CharField(max_length=200, default="")
    gave_up_at = fields.DatetimeField(null=True)
    match_at = fields.DatetimeField(null=True)
    """When the clock compares next; None: nothing to do."""
    matched_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    closed_by = fields.CharField(max_length=64, null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "channel_day"
        indexes = (
            PartialIndex(fields=("fetch_at",), name="channel_day_fetch", where="fetch_at IS NOT NULL"),
            PartialIndex(fields=("match_at",), name="channel_day_match", where="match_at IS NOT NULL"),
            PartialIndex(fields=("funds_at",), name="channel_day_funds", where="funds_at IS NOT NULL"),
        )
        constraints = (
            UniqueConstraint(fields=("channel", "day"), name="channel_day_once"),
            CheckConstraint(
                check="state IN ('waiting', 'imported', 'matched', 'closed')", name="channel_day_state"
            ),
            CheckConstraint(
                check="fetch_at IS NULL OR state = 'waiting'", name="channel_day_fetched_while_waiting"
            ),
            CheckConstraint(
                check="(closed_at IS NOT NULL AND closed_by IS NOT NULL) = (state = 'closed')",
                name="channel_day_closed",
            ),
        )
