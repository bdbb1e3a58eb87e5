"""Dunning cases 催收: a plan's bill that could not be taken in full on its day, and what is done about it."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class DunningCase(Model):
    """Goes by the rules as they were when it was opened; over when its bill is paid, void or written off."""

    id = fields.BigIntField(primary_key=True)
    bill = fields.OneToOneField("models.Bill", related_name="dunning_case", on_delete=fields.RESTRICT)
    plan = fields.ForeignKeyField(
        "models.Plan", related_name="dunning_cases", on_delete=fields.RESTRICT, db_index=False
    )
    policy_id = fields.BigIntField(null=True)
    """The policy its rules come from; None: the shop's terms."""
    retry_days = fields.JSONField()
    grace_days = fields.IntField()
    suspends = fields.BooleanField()
    fee_kind = fields.CharField(max_length=8)
    fee_fen = fields.BigIntField()
    fee_ppm = fields.IntField()
    fee_consent = fields.CharField(max_length=200, null=True)
    opened_on = fields.DateField()
    """The day of the first try; days are counted from it."""
    tries = fields.IntField(default=1)
    next_at = fields.DatetimeField(null=True)
    """When the clock does something about it next. None: it only waits."""
    grace_over_at = fields.DatetimeField(null=True)
    suspended_at = fields.DatetimeField(null=True)
    """When it suspended its plan."""
    top_up_asked_at = fields.DatetimeField(null=True)
    """When somebody was asked to top the balance up for it."""
    fee_bill_no = fields.CharField(max_length=32, null=True)
    state = fields.CharField(max_length=12, default="open")
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "dunning_case"
        indexes = (
            PartialIndex(
                fields=("next_at", "id"),
                name="dunning_case_due",
                where="state = 'open' AND next_at IS NOT NULL",
            ),
            PartialIndex(fields=("id",), name="dunning_case_open", where="state = 'open'"),
            PartialIndex(
                fields=("id",),
                name="dunning_case_unasked",
                where="state = 'open' AND tries = 1 AND top_up_asked_at IS NULL",
            ),
            Index(fields=("plan_id",), name="dunning_case_plan"),
        )
        constraints = (
            CheckConstraint(
                check="state IN ('open', 'paid', 'void', 'written_off')", name="dunning_case_state"
            ),
            CheckConstraint(check="(ended_at IS NULL) = (state = 'open')", name="dunning_case_ended"),
            CheckConstraint(check="state = 'open' OR next_at IS NULL", name="dunning_case_next"),
        )
