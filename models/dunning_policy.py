"""Dunning policies 催收方案: what follows, day by day, when a plan's period could not be taken in full."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class DunningPolicy(Model):
    """For the plans of the offers that name it; all others go by the shop's terms."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=60, unique=True)
    retry_days = fields.JSONField()
    """So many days after the first try it is tried again."""
    partial = fields.BooleanField()
    """Whether what the balance has is taken where that is less than all."""
    grace_days = fields.IntField()
    """So many days after the first try the fee falls due and the plan is suspended."""
    suspends = fields.BooleanField()
    fee_kind = fields.CharField(max_length=8)
    fee_fen = fields.BigIntField()
    """Of a fixed fee: the fee. Of a daily one: the most it may come to."""
    fee_ppm = fields.IntField()
    """Of a daily fee: millionths of what is owed, for each day beyond the grace."""
    fee_consent = fields.CharField(max_length=200, null=True)
    """Where it is written down that customers agreed to its being taken without being asked; None: they pay it themselves."""
    created_by = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "dunning_policy"
        constraints = (
            CheckConstraint(check="fee_kind IN ('none', 'fixed', 'daily')", name="dunning_policy_fee_kind"),
            CheckConstraint(
                check="fee_fen >= 0 AND (fee_fen = 0) = (fee_kind = 'none') AND (fee_ppm > 0) = (fee_kind = 'daily') AND fee_ppm BETWEEN 0 AND 10000",
                name="dunning_policy_fee",
            ),
            CheckConstraint(check="grace_days BETWEEN 0 AND 365", name="dunning_policy_grace"),
        )
