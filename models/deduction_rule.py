"""Rules for abnormal deductions 异常扣款."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class DeductionRule(Model):
    """Which deductions are unusual, and what happens to them: the shop's people are told, or they decide first."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=60)
    kind = fields.CharField(max_length=10)
    params = fields.JSONField()
    """What the kind needs; ``billing.abnormal`` says which."""
    action = fields.CharField(max_length=5)
    tells_customer = fields.BooleanField(default=False)
    active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "deduction_rule"
        constraints = (
            CheckConstraint(
                check="kind IN ('size', 'frequency', 'hour', 'deviation')", name="deduction_rule_kind"
            ),
            CheckConstraint(check="action IN ('alert', 'hold')", name="deduction_rule_action"),
        )
