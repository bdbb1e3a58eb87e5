"""Plans 计划: a customer's standing consent to a recurring deduction."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Plan(Model):
    """Deduct ``amount_fen`` every ``cycle``, counted from ``started_on``; the consent is kept as it was given."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.ForeignKeyField("models.Customer", related_name="plans", on_delete=fields.RESTRICT)
    offer = fields.ForeignKeyField("models.PlanOffer", related_name="plans", on_delete=fields.RESTRICT)
    name = fields.CharField(max_length=60)
    amount_fen = fields.BigIntField()
    cycle = fields.CharField(max_length=8)
    state = fields.CharField(max_length=10, default="active")
    started_on = fields.DateField()
    """The anchor: period *n* is due *n* cycles after it (31st → the month's last day)."""
    next_period_no = fields.IntField(default=0)
    next_due_on = fields.DateField()
    warn_periods = fields.IntField(null=True)
    """The customer is alerted when their balance does not cover so many periods any more; None: not for this plan."""
    consent_version = fields.CharField(max_length=20)
    consent_text = fields.TextField()
    consented_at = fields.DatetimeField()
    cancelled_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "plan"
        indexes = (
            Index(fields=("customer_id", "id"), name="plan_customer"),
            PartialIndex(fields=("next_due_on", "id"), name="plan_due", where="state = 'active'"),
        )
        constraints = (
            CheckConstraint(check="state IN ('active', 'cancelled')", name="plan_state"),
            CheckConstraint(check="cycle IN ('daily', 'weekly', 'monthly', 'yearly')", name="plan_cycle"),
            CheckConstraint(check="amount_fen > 0", name="plan_amount"),
            CheckConstraint(check="warn_periods BETWEEN 1 AND 12", name="plan_warn_periods"),
        )
