"""Jobs of the clock."""

from tortoise import fields
from tortoise.models import Model


class Job(Model):
    """How a job of the clock has been doing, over all workers."""

    id = fields.CharField(max_length=40, primary_key=True)
    runs = fields.BigIntField(default=0)
    failures = fields.BigIntField(default=0)
    last_started_at = fields.DatetimeField(null=True)
    last_finished_at = fields.DatetimeField(null=True)
    last_duration_ms = fields.IntField(null=True)
    last_result = fields.CharField(max_length=200, null=True)
    last_error = fields.CharField(max_length=500, null=True)
    next_at = fields.DatetimeField(null=True)

    class Meta:
        table = "job"
