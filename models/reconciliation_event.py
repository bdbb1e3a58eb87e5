"""History of reconciliation."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from core.partial_index import PartialIndex


class ReconciliationEvent(Model):
    """What was done to a day or to one of its differences, by whom and when; never changed."""

    id = fields.BigIntField(primary_key=True)
    day = fields.ForeignKeyField(
        "models.ChannelDay", related_name="events", on_delete=fields.RESTRICT, db_index=False
    )
    difference_id = fields.BigIntField(null=True)
    act = fields.CharField(max_length=20)
    who = fields.CharField(max_length=64)
    detail = fields.JSONField()
    at = fields.DatetimeField()

    class Meta:
        table = "reconciliation_event"
        indexes = (
            Index(fields=("day_id", "id"), name="reconciliation_event_day"),
            PartialIndex(
                fields=("difference_id", "id"),
                name="reconciliation_event_difference",
                where="difference_id IS NOT NULL",
            ),
        )
