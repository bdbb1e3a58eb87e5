"""Codes for operators who have lost their second factor."""

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model


class OperatorRecoveryCode(Model):
    """One of the codes an operator was shown once; good once."""

    id = fields.BigIntField(primary_key=True)
    operator = fields.ForeignKeyField(
        "models.Operator", related_name="recovery_codes", on_delete=fields.RESTRICT, db_index=False
    )
    code_hash = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "operator_recovery_code"
        constraints = (
            UniqueConstraint(fields=("operator_id", "code_hash"), name="operator_recovery_code_once"),
        )
