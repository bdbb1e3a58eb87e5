"""What plans need to run by a calendar: schedules, terms, periods made ahead, what was used, who did what.

The three tables of plans are made anew: nothing had been released.
"""

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps

_PLAN_OFFER_CONSTRAINTS = [
    CheckConstraint(
        check="cycle IN ('daily', 'weekly', 'monthly', 'yearly', 'custom')", name="plan_offer_cycle"
    ),
    CheckConstraint(check="amount_fen > 0 AND most_fen > 0 AND trial_fen >= 0", name="plan_offer_amount"),
    CheckConstraint(
        check="trial_periods >= 0 AND periods > 0 AND notice_days BETWEEN 0 AND 30", name="plan_offer_counts"
    ),
    CheckConstraint(
        check="first_period IN ('whole', 'by_day', 'full') AND catch_up IN ('all', 'latest') AND on_pause IN ('waive', 'shift')",
        name="plan_offer_rules",
    ),
    CheckConstraint(check="unit IS NULL OR most_fen IS NOT NULL", name="plan_offer_by_use"),
    CheckConstraint(check="active = (retired_at IS NULL)", name="plan_offer_retired"),
]
_PLAN_OFFER = ops.CreateModel(
    name="PlanOffer",
    fields=[
        _parts.key(),
        ("name", fields.CharField(max_length=60)),
        ("amount_fen", fields.BigIntField()),
        ("cycle", fields.CharField(max_length=8)),
        ("schedule", _parts.json()),
        ("unit", fields.CharField(max_length=20, null=True)),
        ("most_fen", fields.BigIntField(null=True)),
        ("trial_periods", fields.SmallIntField(default=0)),
        ("trial_fen", fields.BigIntField(default=0)),
        ("first_period", fields.CharField(max_length=8, default="whole")),
        ("periods", fields.IntField(null=True)),
        ("catch_up", fields.CharField(max_length=8, default="all")),
        ("on_pause", fields.CharField(max_length=8, default="waive")),
        ("notice_days", fields.SmallIntField(default=0)),
        ("consent_version", fields.CharField(max_length=20)),
        ("consent_text", fields.TextField()),
        ("active", fields.BooleanField(default=True)),
        ("first_id", fields.BigIntField(null=True)),
        ("version_no", fields.IntField(default=1)),
        ("created_by", fields.CharField(max_length=64, null=True)),
        ("created_at", fields.DatetimeField()),
        ("retired_at", fields.DatetimeField(null=True)),
    ],
    options={
        "table": "plan_offer",
        "app": "models",
        "constraints": _PLAN_OFFER_CONSTRAINTS,
        "indexes": [
            PartialIndex(fields=["id"], name="plan_offer_on_offer", where="active"),
        ],
        "pk_attr": "id",
        "table_description": "What is deducted how often, and the words a customer agrees to. Never changed: a change is a new version.",
    },
    bases=["Model"],
)
_PLAN_CONSTRAINTS = [
    CheckConstraint(check="state IN ('active', 'paused', 'cancelled', 'ended')", name="plan_state"),
    CheckConstraint(check="cycle IN ('daily', 'weekly', 'monthly', 'yearly', 'custom')", name="plan_cycle"),
    CheckConstraint(
        check="amount_fen > 0 AND new_amount_fen > 0 AND most_fen > 0 AND trial_fen >= 0 AND consented_fen > 0",
        name="plan_amount",
    ),
    CheckConstraint(
        check="trial_periods >= 0 AND periods > 0 AND notice_days BETWEEN 0 AND 30", name="plan_counts"
    ),
    CheckConstraint(
        check="first_period IN ('whole', 'by_day', 'full') AND catch_up IN ('all', 'latest') AND on_pause IN ('waive', 'shift')",
        name="plan_rules",
    ),
    CheckConstraint(check="unit IS NULL OR most_fen IS NOT NULL", name="plan_by_use"),
    CheckConstraint(check="warn_periods BETWEEN 1 AND 12", name="plan_warn_periods"),
    CheckConstraint(check="(new_amount_fen IS NULL) = (new_amount_from IS NULL)", name="plan_new_price"),
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
        check="(consent_by IS NULL) = (consent_door IN ('mini_program', 'chat'))", name="plan_consent_by"
    ),
]
_PLAN = ops.CreateModel(
    name="Plan",
    fields=[
        _parts.key(),
        _parts.to("Customer", "customer", "plans", db_index=False),
        _parts.to("PlanOffer", "offer", "plans", db_index=False),
        ("name", fields.CharField(max_length=60)),
        ("amount_fen", fields.BigIntField()),
        ("new_amount_fen", fields.BigIntField(null=True)),
        ("new_amount_from", fields.DateField(null=True)),
        ("cycle", fields.CharField(max_length=8)),
        ("schedule", _parts.json()),
        ("unit", fields.CharField(max_length=20, null=True)),
        ("most_fen", fields.BigIntField(null=True)),
        ("trial_periods", fields.SmallIntField(default=0)),
        ("trial_fen", fields.BigIntField(default=0)),
        ("first_period", fields.CharField(max_length=8, default="whole")),
        ("catch_up", fields.CharField(max_length=8, default="all")),
        ("on_pause", fields.CharField(max_length=8, default="waive")),
        ("notice_days", fields.SmallIntField(default=0)),
        ("state", fields.CharField(max_length=10, default="active")),
        ("started_on", fields.DateField()),
        ("ends_on", fields.DateField(null=True)),
        ("periods", fields.IntField(null=True)),
        ("next_period_no", fields.IntField(default=0)),
        ("next_on", fields.DateField(null=True)),
        ("next_due_on", fields.DateField(null=True)),
        ("ahead_on", fields.DateField(null=True)),
        ("last_due_on", fields.DateField(null=True)),
        ("warn_periods", fields.IntField(null=True)),
        ("consent_version", fields.CharField(max_length=20)),
        ("consent_text", fields.TextField()),
        ("consented_at", fields.DatetimeField()),
        ("consented_fen", fields.BigIntField()),
        ("consent_door", fields.CharField(max_length=16, default="mini_program")),
        ("consent_by", fields.CharField(max_length=64, null=True)),
        ("consent_proof", fields.CharField(max_length=200, null=True)),
        ("paused_on", fields.DateField(null=True)),
        ("resume_on", fields.DateField(null=True)),
        ("cancelled_at", fields.DatetimeField(null=True)),
        ("cancelled_on", fields.DateField(null=True)),
        ("created_at", fields.DatetimeField()),
    ],
    options={
        "table": "plan",
        "app": "models",
        "constraints": _PLAN_CONSTRAINTS,
        "indexes": [
            Index(fields=["customer_id", "id"], name="plan_customer"),
            Index(fields=["offer_id", "id"], name="plan_offer_of"),
            PartialIndex(fields=["ahead_on", "id"], name="plan_ahead", where="state = 'active'"),
            PartialIndex(fields=["id"], name="plan_complete", where="state = 'active' AND ahead_on IS NULL"),
            PartialIndex(fields=["resume_on"], name="plan_paused", where="state = 'paused'"),
            PartialIndex(
                fields=["new_amount_from"], name="plan_new_amount", where="new_amount_from IS NOT NULL"
            ),
        ],
        "pk_attr": "id",
        "table_description": "What is deducted how often of one customer, as agreed; the consent is kept as it was given. Its periods are ``PlanPeriod``.",
    },
    bases=["Model"],
)
_PLAN_PERIOD_CONSTRAINTS = [
    CheckConstraint(
        check="state IN ('upcoming', 'charged', 'partly', 'owed', 'waived', 'failed', 'parked')",
        name="plan_period_state",
    ),
    CheckConstraint(
        check="CASE WHEN state = 'upcoming' THEN bill_id IS NULL WHEN state IN ('charged', 'partly', 'owed') THEN bill_id IS NOT NULL AND amount_fen IS NOT NULL ELSE true END",
        name="plan_period_bill",
    ),
    CheckConstraint(check="amount_fen >= 0 AND units >= 0", name="plan_period_amount"),
    CheckConstraint(check="covers_from <= covers_to", name="plan_period_covers"),
    CheckConstraint(
        check="(ended_at IS NOT NULL) = (state IN ('charged', 'waived', 'failed'))", name="plan_period_ended"
    ),
]
_PLAN_PERIOD = ops.CreateModel(
    name="PlanPeriod",
    fields=[
        _parts.key(),
        _parts.to("Plan", "plan", "plan_periods", db_index=False),
        ("period_no", fields.IntField()),
        ("covers_from", fields.DateField()),
        ("covers_to", fields.DateField()),
        ("due_on", fields.DateField()),
        ("amount_fen", fields.BigIntField(null=True)),
        ("units", fields.BigIntField(null=True)),
        ("notice_on", fields.DateField(null=True)),
        ("state", fields.CharField(max_length=10, default="upcoming")),
        ("only_latest", fields.BooleanField(default=False)),
        ("reason", fields.CharField(max_length=40, null=True)),
        (
            "bill",
            fields.OneToOneField(
                "models.Bill",
                source_field="bill_id",
                db_constraint=True,
                to_field="id",
                related_name="plan_period",
                null=True,
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ("created_at", fields.DatetimeField()),
        ("ended_at", fields.DatetimeField(null=True)),
    ],
    options={
        "table": "plan_period",
        "app": "models",
        "unique_together": (("plan", "period_no"),),
        "constraints": _PLAN_PERIOD_CONSTRAINTS,
        "indexes": [
            PartialIndex(fields=["due_on", "plan_id"], name="plan_period_due", where="state = 'upcoming'"),
            PartialIndex(fields=["id"], name="plan_period_parked", where="state = 'parked'"),
            PartialIndex(
                fields=["due_on"], name="plan_period_latest", where="state = 'upcoming' AND only_latest"
            ),
            PartialIndex(
                fields=["notice_on"],
                name="plan_period_notice",
                where="state = 'upcoming' AND notice_on IS NOT NULL",
            ),
        ],
        "pk_attr": "id",
        "table_description": "One period of a plan, from when it can be seen ahead to its end (I7).",
    },
    bases=["Model"],
)
_PLAN_EVENT = ops.CreateModel(
    name="PlanEvent",
    fields=[
        _parts.key(),
        ("plan_id", fields.BigIntField()),
        ("kind", fields.CharField(max_length=20)),
        ("detail", _parts.json()),
        ("by", fields.CharField(max_length=64)),
        ("created_at", fields.DatetimeField()),
    ],
    options={
        "table": "plan_event",
        "app": "models",
        "indexes": [
            Index(fields=["plan_id", "id"], name="plan_event_of"),
        ],
        "pk_attr": "id",
        "table_description": "Something that was done to a plan, in the transaction that did it.",
    },
    bases=["Model"],
)
_PLAN_USAGE_CONSTRAINTS = [
    CheckConstraint(check="units > 0", name="plan_usage_units"),
]
_PLAN_USAGE = ops.CreateModel(
    name="PlanUsage",
    fields=[
        _parts.key(),
        ("plan_id", fields.BigIntField()),
        ("period_no", fields.IntField()),
        ("reference", fields.CharField(max_length=64)),
        ("units", fields.BigIntField()),
        ("used_on", fields.DateField()),
        ("memo", fields.CharField(max_length=100, null=True)),
        ("by", fields.CharField(max_length=64)),
        ("created_at", fields.DatetimeField()),
    ],
    options={
        "table": "plan_usage",
        "app": "models",
        "unique_together": (("plan_id", "reference"),),
        "constraints": _PLAN_USAGE_CONSTRAINTS,
        "pk_attr": "id",
        "table_description": "Units used on a day, counted into the period that covers it; its reference is counted once.",
    },
    bases=["Model"],
)


def _checks(table: str, constraints: list[CheckConstraint]) -> list[str]:
    return [f"ALTER TABLE {table} ADD CONSTRAINT {one.name} CHECK ({one.check})" for one in constraints]


class Migration(_steps.Migration):
    dependencies = [("models", "0019_places")]

    # Constraints are added by one operation and told to Tortoise with the models, as in 0018.
    operations = [
        ops.DeleteModel("PlanPeriod"),
        ops.DeleteModel("Plan"),
        ops.DeleteModel("PlanOffer"),
        _PLAN_OFFER,
        _PLAN,
        _PLAN_PERIOD,
        _PLAN_EVENT,
        _PLAN_USAGE,
        ops.RunSQL(
            [
                *_checks("plan_offer", _PLAN_OFFER_CONSTRAINTS),
                *_checks("plan", _PLAN_CONSTRAINTS),
                *_checks("plan_period", _PLAN_PERIOD_CONSTRAINTS),
                *_checks("plan_usage", _PLAN_USAGE_CONSTRAINTS),
            ]
        ),
    ]
