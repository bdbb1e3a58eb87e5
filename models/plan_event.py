"""Plan events: who did what to a plan."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class PlanEvent(Model):
    """Something that was done to a plan, in the transaction that did it."""

    id = fields.BigIntField(primary_key=True)
    plan_id = fields.BigIntField()
    kind = fields.CharField(max_length=20)
    detail = fields.JSONField()
    by = fields.CharField(max_length=64)
    """``customer:42``, ``operator:5`` or ``clock``."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "plan_event"
        indexes = (Index(fields=("plan_id", "id"), name="plan_event_of"),)
