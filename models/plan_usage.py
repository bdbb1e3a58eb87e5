"""Plan usage: what was used of a plan by use."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class PlanUsage(Model):
    """Units used on a day, counted into the period that covers it; its reference is counted once."""

    id = fields.BigIntField(primary_key=True)
    plan_id = fields.BigIntField()
    period_no = fields.IntField()
    reference = fields.CharField(max_length=64)
    """The caller's own number of what was used (a lesson, a meter reading)."""
    units = fields.BigIntField()
    used_on = fields.DateField()
    memo = fields.CharField(max_length=100, null=True)
    by = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()

    class Meta:
        table = "plan_usage"
        unique_together = (("plan_id", "reference"),)
        constraints = (CheckConstraint(check="units > 0", name="plan_usage_units"),)
