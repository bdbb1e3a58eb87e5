"""What runs of the clock remember: jobs, due runs, and what is done about periods that could not be taken."""

from typing import Any

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from core.partial_index import PartialIndex
from migrations import _parts, _steps

_FEE: list[tuple[str, Any]] = [
    ("grace_days", fields.IntField()),
    ("suspends", fields.BooleanField()),
    ("fee_kind", fields.CharField(max_length=8)),
    ("fee_fen", fields.BigIntField()),
    ("fee_ppm", fields.IntField()),
    ("fee_consent", fields.CharField(max_length=200, null=True)),
]
_COUNTS = ("expected", "claimed", "charged", "partly", "owed", "waived", "parked", "amount_fen", "batches")


class Migration(_steps.Migration):
    dependencies = [("models", "0020_plans")]

    operations = [
        ops.CreateModel(
            name="DueRun",
            fields=[
                _parts.key(),
                ("day", fields.DateField(unique=True)),
                ("state", fields.CharField(default="running", max_length=10)),
                *((name, fields.BigIntField(default=0)) for name in _COUNTS),
                ("started_at", fields.DatetimeField()),
                ("last_batch_at", fields.DatetimeField(null=True)),
                ("ended_at", fields.DatetimeField(null=True)),
                ("changed_by", fields.CharField(null=True, max_length=64)),
                ("reason", fields.CharField(null=True, max_length=200)),
            ],
            options={
                "table": "due_run",
                "app": "models",
                "indexes": [PartialIndex(fields=["day"], name="due_run_paused", where="state = 'paused'")],
                "pk_attr": "id",
                "table_description": "What all workers together did on one business day about the periods that were due, and whether they may go on.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DunningPolicy",
            fields=[
                _parts.key(),
                ("name", fields.CharField(unique=True, max_length=60)),
                ("retry_days", _parts.json()),
                ("partial", fields.BooleanField()),
                *_FEE,
                ("created_by", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField()),
                ("ended_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "dunning_policy",
                "app": "models",
                "pk_attr": "id",
                "table_description": "For the plans of the offers that name it; all others go by the shop's terms.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DunningCase",
            fields=[
                _parts.key(),
                _parts.to("Bill", "bill", "dunning_case", fields.OneToOneField),
                _parts.to("Plan", "plan", "dunning_cases", db_index=False),
                ("policy_id", fields.BigIntField(null=True)),
                ("retry_days", _parts.json()),
                *_FEE,
                ("opened_on", fields.DateField()),
                ("tries", fields.IntField(default=1)),
                ("next_at", fields.DatetimeField(null=True)),
                ("grace_over_at", fields.DatetimeField(null=True)),
                ("suspended_at", fields.DatetimeField(null=True)),
                ("fee_bill_no", fields.CharField(null=True, max_length=32)),
                ("state", fields.CharField(default="open", max_length=12)),
                ("created_at", fields.DatetimeField()),
                ("ended_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "dunning_case",
                "app": "models",
                "indexes": [
                    PartialIndex(
                        fields=["next_at", "id"],
                        name="dunning_case_due",
                        where="state = 'open' AND next_at IS NOT NULL",
                    ),
                    PartialIndex(fields=["id"], name="dunning_case_open", where="state = 'open'"),
                    Index(fields=["plan_id"], name="dunning_case_plan"),
                ],
                "pk_attr": "id",
                "table_description": "Goes by the rules as they were when it was opened; over when its bill is paid, void or written off.",
            },
            bases=["Model"],
        ),
        ops.AlterField("PlanPeriod", "reason", fields.CharField(max_length=200, null=True)),
        ops.AddField("Job", "every_ms", fields.BigIntField(null=True)),
        ops.AddField("Job", "starts", fields.BigIntField(default=0)),
        ops.AddField("Job", "missed", fields.BigIntField(default=0)),
        ops.AddField("Job", "failed_in_a_row", fields.IntField(default=0)),
        ops.AddField("Job", "last_run_no", fields.BigIntField(default=0)),
        ops.AddField("Job", "last_lag_ms", fields.BigIntField(null=True)),
        ops.AddField("Job", "last_worker", fields.CharField(max_length=80, null=True)),
        ops.AddField("Job", "lease_until", fields.DatetimeField(null=True)),
        ops.AddField("Bill", "written_off_at", fields.DatetimeField(null=True)),
        ops.RemoveConstraint("Bill", "bill_state"),
        *_parts.checks(
            "Bill",
            bill_state="state IN ('open', 'partly_paid', 'paid', 'void', 'written_off')",
            bill_written_off_at="(written_off_at IS NOT NULL) = (state = 'written_off')",
        ),
        *_parts.checks(
            "DueRun",
            due_run_state="state IN ('running', 'paused', 'aborted', 'finished')",
            due_run_ended="(ended_at IS NOT NULL) = (state IN ('aborted', 'finished'))",
            due_run_claimed="claimed = charged + partly + owed + waived + parked",
        ),
        *_parts.checks(
            "DunningPolicy",
            dunning_policy_fee_kind="fee_kind IN ('none', 'fixed', 'daily')",
            dunning_policy_fee="fee_fen >= 0 AND (fee_fen = 0) = (fee_kind = 'none') AND (fee_ppm > 0) = (fee_kind = 'daily') AND fee_ppm BETWEEN 0 AND 10000",
            dunning_policy_grace="grace_days BETWEEN 0 AND 365",
        ),
        *_parts.checks(
            "DunningCase",
            dunning_case_state="state IN ('open', 'paid', 'void', 'written_off')",
            dunning_case_ended="(ended_at IS NULL) = (state = 'open')",
            dunning_case_next="state = 'open' OR next_at IS NULL",
        ),
        ops.AddField(
            "PlanOffer",
            "dunning_policy",
            fields.ForeignKeyField(
                "models.DunningPolicy",
                source_field="dunning_policy_id",
                null=True,
                db_constraint=True,
                db_index=False,
                to_field="id",
                related_name="offers",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
    ]
