"""What operators did."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class OperatorAct(Model):
    """One write an operator asked for: written down before it is begun, and how it ended after. Without an end, the process died meanwhile
    and what it did says whether it happened."""

    id = fields.BigIntField(primary_key=True)
    operator = fields.ForeignKeyField(
        "models.Operator", related_name="acts", on_delete=fields.RESTRICT, db_index=False
    )
    operation = fields.CharField(max_length=80)
    """The operation as the OpenAPI document calls it."""
    about = fields.CharField(max_length=300)
    """Method and path."""
    asked = fields.JSONField()
    """What was sent, without secrets."""
    request_id = fields.CharField(max_length=64)
    began_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    outcome = fields.CharField(max_length=60, null=True)
    """``done``, the code of the refusal, or ``failed``."""

    class Meta:
        table = "operator_act"
        indexes = (
            Index(fields=("operator_id", "id"), name="operator_act_operator"),
            Index(fields=("operation", "id"), name="operator_act_operation"),
        )
        constraints = (
            CheckConstraint(check="(ended_at IS NULL) = (outcome IS NULL)", name="operator_act_ended"),
        )
