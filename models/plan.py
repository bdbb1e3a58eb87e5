"""Plans 计划: a customer's standing consent to a recurring deduction."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Plan(Model):
    """What is deducted how often of one customer, as agreed; the consent is kept as it was given. Its periods are ``PlanPeriod``."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="plans", on_delete=fields.RESTRICT, db_index=False
    )
    offer = fields.ForeignKeyField(
        "models.PlanOffer", related_name="plans", on_delete=fields.RESTRICT, db_index=False
    )
    name = fields.CharField(max_length=60)
    amount_fen = fields.BigIntField()
    """A period's amount; where there is a ``unit``, that of a unit."""
    new_amount_fen = fields.BigIntField(null=True)
    new_amount_from = fields.DateField(null=True)
    """Announced: periods due from this day on cost the new amount."""
    cycle = fields.CharField(max_length=8)
    schedule = fields.JSONField()
    """When periods begin and are due, counted from the first day (``billing.schedule``)."""
    unit = fields.CharField(max_length=20, null=True)
    most_fen = fields.BigIntField(null=True)
    trial_periods = fields.SmallIntField(default=0)
    trial_fen = fields.BigIntField(default=0)
    first_period = fields.CharField(max_length=8, default="whole")
    catch_up = fields.CharField(max_length=8, default="all")
    on_pause = fields.CharField(max_length=8, default="waive")
    notice_days = fields.SmallIntField(default=0)
    state = fields.CharField(max_length=10, default="active")
    """``active``, ``paused``, ``cancelled``, or ``ended`` where it was agreed on for so long."""
    started_on = fields.DateField()
    ends_on = fields.DateField(null=True)
    """The last day it covers; None: until it is ended."""
    periods = fields.IntField(null=True)
    """It runs for so many periods; None: until it is ended."""
    next_period_no = fields.IntField(default=0)
    """The first period that has no row yet: the horizon makes the rows, in order."""
    next_on = fields.DateField(null=True)
    """The day that period begins; None: there is none any more."""
    next_due_on = fields.DateField(null=True)
    """When it is due."""
    ahead_on = fields.DateField(null=True)
    """The first day that has to do with it: that it begins, or is due where that is earlier. Its row is made before."""
    last_due_on = fields.DateField(null=True)
    """When the last period that has a row is due."""
    warn_periods = fields.IntField(null=True)
    """The customer is alerted when their balance does not cover so many periods any more; None: not for this plan."""
    consent_version = fields.CharField(max_length=20)
    consent_text = fields.TextField()
    consented_at = fields.DatetimeField()
    consented_fen = fields.BigIntField()
    """No period takes more than this without another consent."""
    consent_door = fields.CharField(max_length=16, default="mini_program")
    """Where the customer agreed."""
    consent_by = fields.CharField(max_length=64, null=True)
    """The operator who says so; None: the customer did it themselves."""
    consent_proof = fields.CharField(max_length=200, null=True)
    """What shows it: the paper's number, whom they spoke to."""
    paused_on = fields.DateField(null=True)
    resume_on = fields.DateField(null=True)
    """A pause ends by itself on this day; None: it is open."""
    cancelled_at = fields.DatetimeField(null=True)
    cancelled_on = fields.DateField(null=True)
    """From this day on nothing of it is due."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "plan"
        indexes = (
            Index(fields=("customer_id", "id"), name="plan_customer"),
            Index(fields=("offer_id", "id"), name="plan_offer_of"),
            PartialIndex(fields=("ahead_on", "id"), name="plan_ahead", where="state = 'active'"),
            PartialIndex(fields=("id",), name="plan_complete", where="state = 'active' AND ahead_on IS NULL"),
            PartialIndex(fields=("resume_on",), name="plan_paused", where="state = 'paused'"),
            PartialIndex(fields=("customer_id",), name="plan_warn", where="warn_periods IS NOT NULL"),
            PartialIndex(
                fields=("new_amount_from",), name="plan_new_amount", where="new_amount_from IS NOT NULL"
            ),
        )
        constraints = (
            CheckConstraint(check="state IN ('active', 'paused', 'cancelled', 'ended')", name="plan_state"),
            CheckConstraint(
                check="cycle IN ('daily', 'weekly', 'monthly', 'yearly', 'custom')", name="plan_cycle"
            ),
            CheckConstraint(
                check="amount_fen > 0 AND new_amount_fen > 0 AND most_fen > 0 AND trial_fen >= 0"
                " AND consented_fen > 0",
                name="plan_amount",
            ),
            CheckConstraint(
                check="trial_periods >= 0 AND periods > 0 AND notice_days BETWEEN 0 AND 30",
                name="plan_counts",
            ),
            CheckConstraint(
                check="first_period IN ('whole', 'by_day', 'full') AND catch_up IN ('all', 'latest')"
                " AND on_pause IN ('waive', 'shift')",
                name="plan_rules",
            ),
            CheckConstraint(check="unit IS NULL OR most_fen IS NOT NULL", name="plan_by_use"),
            CheckConstraint(check="warn_periods BETWEEN 1 AND 12", name="plan_warn_periods"),
            CheckConstraint(
                check="(new_amount_fen IS NULL) = (new_amount_from IS NULL)", name="plan_new_price"
            ),
            CheckConstraint(
                check="(next_on IS NULL) = (next_due_on IS NULL) AND (next_on IS NULL) = (ahead_on IS NULL)",
                name="plan_next",
            ),
            CheckConstraint(
                check="(state = 'paused') = (paused_on IS NOT NULL) AND (resume_on IS NULL OR resume_on > paused_on)",
                name="plan_pause",
            ),
            CheckConstraint(
                check="consent_door IN ('mini_program', 'chat', 'counter', 'phone', 'paper')",
                name="plan_consent_door",
            ),
            CheckConstraint(
                check="(consent_by IS NULL) = (consent_door IN ('mini_program', 'chat'))",
                name="plan_consent_by",
            ),
        )
