"""Plan periods: one row per plan and period, made ahead, each with one outcome."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class PlanPeriod(Model):
    """One period of a plan, from when it can be seen ahead to its end (I7).

    ``upcoming`` until the due run takes it; then ``charged``, ``partly`` (part is taken, the rest owed) or ``owed``; ``waived``
    (nothing is taken), ``failed`` for good, or ``parked`` until an operator has looked.
    """

    id = fields.BigIntField(primary_key=True)
    plan = fields.ForeignKeyField(
        "models.Plan", related_name="plan_periods", on_delete=fields.RESTRICT, db_index=False
    )
    period_no = fields.IntField()
    covers_from = fields.DateField()
    covers_to = fields.DateField()
    """The days of service, both included."""
    due_on = fields.DateField()
    amount_fen = fields.BigIntField(null=True)
    """After trial, part of a period and price change; None: use decides, when it is due."""
    units = fields.BigIntField(null=True)
    """What was used so far, of a plan by use."""
    notice_on = fields.DateField(null=True)
    """From this day on the customer is to be told what will be taken; None: they are not, or have been."""
    state = fields.CharField(max_length=10, default="upcoming")
    only_latest = fields.BooleanField(default=False)
    """It lapses when a later one falls due before it was taken: the plan's catch-up policy, where the clock looks for it."""
    reason = fields.CharField(max_length=200, null=True)
    """Why it waits, was waived or failed."""
    bill = fields.OneToOneField(
        "models.Bill", related_name="plan_period", on_delete=fields.RESTRICT, null=True
    )
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "plan_period"
        unique_together = (("plan", "period_no"),)
        indexes = (
            PartialIndex(fields=("due_on", "plan_id"), name="plan_period_due", where="state = 'upcoming'"),
            PartialIndex(fields=("id",), name="plan_period_parked", where="state = 'parked'"),
            PartialIndex(
                fields=("due_on",), name="plan_period_latest", where="state = 'upcoming' AND only_latest"
            ),
            PartialIndex(
                fields=("notice_on",),
                name="plan_period_notice",
                where="state = 'upcoming' AND notice_on IS NOT NULL",
            ),
        )
        constraints = (
            CheckConstraint(
                check="state IN ('upcoming', 'charged', 'partly', 'owed', 'waived', 'failed', 'parked')",
                name="plan_period_state",
            ),
            CheckConstraint(
                check="CASE WHEN state = 'upcoming' THEN bill_id IS NULL"
                " WHEN state IN ('charged', 'partly', 'owed') THEN bill_id IS NOT NULL AND amount_fen IS NOT NULL ELSE true END",
                name="plan_period_bill",
            ),
            CheckConstraint(check="amount_fen >= 0 AND units >= 0", name="plan_period_amount"),
            CheckConstraint(check="covers_from <= covers_to", name="plan_period_covers"),
            CheckConstraint(
                check="(ended_at IS NOT NULL) = (state IN ('charged', 'waived', 'failed'))",
                name="plan_period_ended",
            ),
        )
