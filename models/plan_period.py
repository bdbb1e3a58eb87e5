"""Plan periods: one row per plan and period, each with one outcome."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class PlanPeriod(Model):
    """What became of one period of a plan: charged, or owed until its bill is paid (I7)."""

    id = fields.BigIntField(primary_key=True)
    plan = fields.ForeignKeyField(
        "models.Plan", related_name="periods", on_delete=fields.RESTRICT, db_index=False
    )
    period_no = fields.IntField()
    due_on = fields.DateField()
    bill = fields.OneToOneField("models.Bill", related_name="plan_period", on_delete=fields.RESTRICT)
    state = fields.CharField(max_length=10)
    created_at = fields.DatetimeField()

    class Meta:
        table = "plan_period"
        unique_together = (("plan", "period_no"), ("plan", "due_on"))
        constraints = (CheckConstraint(check="state IN ('owed', 'charged')", name="plan_period_state"),)
