"""Jobs of the clock."""

from tortoise import fields
from tortoise.models import Model


class Job(Model):
    """How a job of the clock has been doing, over all workers."""

    id = fields.CharField(max_length=40, primary_key=True)
    every_ms = fields.BigIntField(null=True)
    """The interval its workers tick at."""
    starts = fields.BigIntField(default=0)
    """How many runs began. A run's number is its place among them, and its fence: a run that is not the newest concludes nothing."""
    runs = fields.BigIntField(default=0)
    """How many ended."""
    missed = fields.BigIntField(default=0)
    """How many intervals passed in which no worker began a run."""
    failures = fields.BigIntField(default=0)
    failed_in_a_row = fields.IntField(default=0)
    last_run_no = fields.BigIntField(default=0)
    """The newest run that has ended: what an older one says after it is counted, and no more."""
    last_started_at = fields.DatetimeField(null=True)
    last_finished_at = fields.DatetimeField(null=True)
    last_duration_ms = fields.IntField(null=True)
    last_lag_ms = fields.BigIntField(null=True)
    """How late the last run began."""
    last_worker = fields.CharField(max_length=80, null=True)
    last_result = fields.CharField(max_length=200, null=True)
    last_error = fields.CharField(max_length=500, null=True)
    next_at = fields.DatetimeField(null=True)
    lease_until = fields.DatetimeField(null=True)
    """Until then the newest run has a job that is for one worker at a time; it moves this on while it works."""

    class Meta:
        table = "job"
