"""Holds 冻结: money that is still the customer's but spoken for."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Hold(Model):
    """A reserved amount that ends exactly once (I10). Only ``ledger`` writes here."""

    id = fields.BigIntField(primary_key=True)
    account = fields.ForeignKeyField(
        "models.Account", related_name="holds", on_delete=fields.RESTRICT, db_index=False
    )
    reference = fields.CharField(max_length=100, unique=True)
    amount_fen = fields.BigIntField()
    captured_fen = fields.BigIntField(default=0)
    state = fields.CharField(max_length=10, default="open")
    expires_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    title = fields.CharField(max_length=100, default="")
    """What it is for, in the customer's words."""
    operator = fields.CharField(max_length=64, default="")
    """Who placed it."""

    class Meta:
        table = "hold"
        indexes = (
            PartialIndex(fields=("account_id",), name="hold_open", where="state = 'open'"),
            PartialIndex(fields=("expires_at",), name="hold_expiring", where="state = 'open'"),
        )
        constraints = (
            CheckConstraint(check="state IN ('open', 'captured', 'released', 'expired')", name="hold_state"),
            CheckConstraint(
                check="amount_fen > 0 AND captured_fen BETWEEN 0 AND amount_fen", name="hold_amounts"
            ),
            CheckConstraint(check="(captured_fen > 0) = (state = 'captured')", name="hold_captured"),
            CheckConstraint(check="(ended_at IS NULL) = (state = 'open')", name="hold_ended"),
        )
