"""Plan offers: recurring services a customer can subscribe to."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class PlanOffer(Model):
    """What is deducted how often, and the words a customer agrees to. Never changed: a change is a new version."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=60)
    amount_fen = fields.BigIntField()
    """A period's amount; where there is a ``unit``, that of a unit."""
    cycle = fields.CharField(max_length=8)
    """The schedule in a word."""
    schedule = fields.JSONField()
    """When periods begin and are due (``billing.schedule``)."""
    unit = fields.CharField(max_length=20, null=True)
    """What is counted of a plan by use."""
    most_fen = fields.BigIntField(null=True)
    """No period takes more."""
    trial_periods = fields.SmallIntField(default=0)
    trial_fen = fields.BigIntField(default=0)
    first_period = fields.CharField(max_length=8, default="whole")
    periods = fields.IntField(null=True)
    """A plan runs for so many periods; None: until it is ended."""
    catch_up = fields.CharField(max_length=8, default="all")
    on_pause = fields.CharField(max_length=8, default="waive")
    notice_days = fields.SmallIntField(default=0)
    consent_version = fields.CharField(max_length=20)
    consent_text = fields.TextField()
    active = fields.BooleanField(default=True)
    dunning_policy = fields.ForeignKeyField(
        "models.DunningPolicy", null=True, related_name="offers", on_delete=fields.RESTRICT, db_index=False
    )
    """What follows when a period cannot be taken; None: the shop's terms."""
    first_id = fields.BigIntField(null=True)
    """The first version of this offer; None: it is the first itself."""
    version_no = fields.IntField(default=1)
    created_by = fields.CharField(max_length=64, null=True)
    created_at = fields.DatetimeField()
    retired_at = fields.DatetimeField(null=True)

    class Meta:
        table = "plan_offer"
        indexes = (PartialIndex(fields=("id",), name="plan_offer_on_offer", where="active"),)
        constraints = (
            CheckConstraint(
                check="cycle IN ('daily', 'weekly', 'monthly', 'yearly', 'custom')", name="plan_offer_cycle"
            ),
            CheckConstraint(
                check="amount_fen > 0 AND most_fen > 0 AND trial_fen >= 0", name="plan_offer_amount"
            ),
            CheckConstraint(
                check="trial_periods >= 0 AND periods > 0 AND notice_days BETWEEN 0 AND 30",
                name="plan_offer_counts",
            ),
            CheckConstraint(
                check="first_period IN ('whole', 'by_day', 'full') AND catch_up IN ('all', 'latest')"
                " AND on_pause IN ('waive', 'shift')",
                name="plan_offer_rules",
            ),
            CheckConstraint(check="unit IS NULL OR most_fen IS NOT NULL", name="plan_offer_by_use"),
            CheckConstraint(check="active = (retired_at IS NULL)", name="plan_offer_retired"),
        )
