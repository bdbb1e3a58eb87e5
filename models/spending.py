"""What customers have spent, and the tiers that follow from it."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Spending(Model):
    """What one transfer paid of a bill, or gave back of it."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="spendings", on_delete=fields.RESTRICT, db_index=False
    )
    reference = fields.CharField(max_length=140, unique=True)
    """Of the transfer."""
    amount_fen = fields.BigIntField()
    """Signed: what was given back is negative."""
    at = fields.DatetimeField()

    class Meta:
        table = "spending"
        indexes = (
            Index(fields=("customer_id", "at"), name="spending_customer"),
            Index(fields=("at",), name="spending_at"),
        )


class SpendingMark(Model):
    """How far in the books the clock has looked for spending; one row."""

    id = fields.BigIntField(primary_key=True)
    transfer_id = fields.BigIntField()

    class Meta:
        table = "spending_mark"


class TierStanding(Model):
    """How a customer comes to their tier, and when it is looked at again."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.OneToOneField(
        "models.Customer", related_name="tier_standing", on_delete=fields.RESTRICT
    )
    by_rule = fields.BooleanField()
    """Whether the rules gave the tier; one that an operator gave is only left for a better one."""
    keeps_until = fields.DateField(null=True)
    """The tier is not taken away before this day, unless less than ``needs_fen`` is left of what was spent since ``counts_from``."""
    counts_from = fields.DatetimeField(null=True)
    needs_fen = fields.BigIntField(null=True)
    judge_at = fields.DatetimeField(null=True)
    """When the clock looks at it next; None: not before something is spent."""

    class Meta:
        table = "tier_standing"
        indexes = (
            PartialIndex(fields=("judge_at", "id"), name="tier_standing_due", where="judge_at IS NOT NULL"),
        )
        constraints = (
            CheckConstraint(check="(counts_from IS NULL) = (needs_fen IS NULL)", name="tier_standing_needs"),
        )
