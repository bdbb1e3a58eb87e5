"""Merges 合并: two customers who turned out to be one."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class Merge(Model):
    """One customer's account became part of another's, for good."""

    id = fields.BigIntField(primary_key=True)
    merge_no = fields.CharField(max_length=32, unique=True)
    gone = fields.OneToOneField("models.Customer", related_name="merge", on_delete=fields.RESTRICT)
    kept = fields.ForeignKeyField("models.Customer", related_name="merges", on_delete=fields.RESTRICT)
    principal_fen = fields.BigIntField()
    bonus_fen = fields.BigIntField()
    """What the account that is gone had then; late money follows in moves of its own."""
    reason = fields.CharField(max_length=200)
    operator_id = fields.BigIntField()
    approval_no = fields.CharField(max_length=32, unique=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "customer_merge"
        constraints = (
            CheckConstraint(check="gone_id <> kept_id", name="merge_of_two"),
            CheckConstraint(check="principal_fen >= 0 AND bonus_fen >= 0", name="merge_amounts"),
        )
