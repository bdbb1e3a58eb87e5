"""Roles, and what those who hold them have moved."""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class OperatorRole(Model):
    """A role: one of those that always are, which says its limits only, or one that the shop has composed of duties."""

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=12, unique=True)
    """What a post calls it: ``cashier``, or ``r8`` for one that was composed."""
    name = fields.CharField(max_length=40, null=True)
    """Of one that was composed."""
    duties = ArrayField(element_type="text", null=True)
    """The same; a name that a version does not know allows nothing there."""
    limits = fields.JSONField()
    """By kind of amount: the most for one customer a day, and for all together."""
    state = fields.CharField(max_length=8, default="active")
    changed_by = fields.ForeignKeyField(
        "models.Operator", related_name="roles", on_delete=fields.RESTRICT, null=True, db_index=False
    )
    changed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "operator_role"
        constraints = (
            CheckConstraint(check="state IN ('active', 'retired')", name="operator_role_state"),
            CheckConstraint(check="(name IS NULL) = (duties IS NULL)", name="operator_role_composed"),
            CheckConstraint(check="code <> 'owner' OR limits = '{}'", name="operator_role_owner"),
            CheckConstraint(check="state = 'active' OR name IS NOT NULL", name="operator_role_fixed"),
        )


class LimitUse(Model):
    """An amount that somebody with a limit has moved, or agreed to, on their own: what their next one of the day is counted with."""

    id = fields.BigIntField(primary_key=True)
    operator = fields.ForeignKeyField(
        "models.Operator", related_name="limit_uses", on_delete=fields.RESTRICT, db_index=False
    )
    kind = fields.CharField(max_length=12)
    about = fields.CharField(max_length=40)
    """Whose money it was: ``customer:17``."""
    amount_fen = fields.BigIntField()
    at = fields.DatetimeField()

    class Meta:
        table = "limit_use"
        indexes = (Index(fields=("operator_id", "kind", "at"), name="limit_use_operator"),)
        constraints = (CheckConstraint(check="amount_fen >= 0", name="limit_use_amount"),)
