"""Sign-ins of operators that are under way."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class OperatorChallenge(Model):
    """Something that was asked of somebody who is signing in, and is answered once, soon, and from the same place."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=20)
    operator = fields.ForeignKeyField(
        "models.Operator", related_name="challenges", null=True, on_delete=fields.RESTRICT, db_index=False
    )
    """Whose answer is expected; None: that will be told by it."""
    token_hash = fields.CharField(max_length=64, unique=True)
    asked = fields.JSONField()
    """What the answer is compared with."""
    place = fields.CharField(max_length=64)
    tries = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "operator_challenge"
        indexes = (Index(fields=("created_at",), name="operator_challenge_created"),)
        constraints = (
            CheckConstraint(
                check="kind IN ('second_factor', 'passkey_new', 'passkey', 'single_sign_on')",
                name="operator_challenge_kind",
            ),
            CheckConstraint(
                check="operator_id IS NOT NULL OR kind IN ('passkey', 'single_sign_on')",
                name="operator_challenge_whose",
            ),
        )
