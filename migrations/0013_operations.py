"""Second persons for operators' acts, and adjustments that can be asked about and undone."""

from json import dumps, loads
from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from core.partial_index import PartialIndex


def _id() -> tuple[str, fields.BigIntField]:
    return ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True))


def _customer(name: str, related_name: str) -> tuple[str, Any]:
    return (
        name,
        fields.ForeignKeyField(
            "models.Customer",
            source_field=f"{name}_id",
            db_constraint=True,
            to_field="id",
            related_name=related_name,
            on_delete=OnDelete.RESTRICT,
        ),
    )


def _checks(table: str, **checks: str) -> list[ops.AddConstraint]:
    return [
        ops.AddConstraint(table, CheckConstraint(name=name, check=check)) for name, check in checks.items()
    ]


class Migration(migrations.Migration):
    dependencies = [("models", "0012_refunds")]

    operations = [
        ops.CreateModel(
            name="Approval",
            fields=[
                _id(),
                ("approval_no", fields.CharField(max_length=32, unique=True)),
                ("kind", fields.CharField(max_length=30)),
                ("params", fields.JSONField(encoder=dumps, decoder=loads)),
                ("customer_id", fields.BigIntField(null=True)),
                ("amount_fen", fields.BigIntField()),
                ("reason", fields.CharField(max_length=200)),
                ("requested_by", fields.BigIntField()),
                ("requested_at", fields.DatetimeField()),
                ("expires_at", fields.DatetimeField()),
                ("state", fields.CharField(max_length=10, default="waiting")),
                ("decided_by", fields.BigIntField(null=True)),
                ("decided_at", fields.DatetimeField(null=True)),
                ("note", fields.CharField(max_length=200, default="")),
                ("result", fields.CharField(max_length=100, null=True)),
                ("refusal", fields.JSONField(null=True, encoder=dumps, decoder=loads)),
            ],
            options={
                "table": "approval",
                "table_description": "An act one operator asked for and another decides on, with exactly what will be done, and what came of it.",
                "app": "models",
                "indexes": [
                    Index(fields=["customer_id", "id"], name="approval_customer"),
                    PartialIndex(fields=["expires_at"], name="approval_waiting", where="state = 'waiting'"),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        *_checks(
            "Approval",
            approval_state="state IN ('waiting', 'executed', 'failed', 'rejected', 'withdrawn', 'expired')",
            approval_amount="amount_fen >= 0",
            approval_second_person="decided_by <> requested_by",
            approval_decided_by="(decided_by IS NOT NULL) = (state IN ('executed', 'failed', 'rejected'))",
            approval_decided_at="(decided_at IS NULL) = (state = 'waiting')",
            approval_result="(result IS NOT NULL) = (state = 'executed')",
            approval_refusal="(refusal IS NOT NULL) = (state = 'failed')",
        ),
        ops.CreateModel(
            name="Adjustment",
            fields=[
                _id(),
                ("adjustment_no", fields.CharField(max_length=32, unique=True)),
                _customer("customer", "adjustments"),
                ("kind", fields.CharField(max_length=10)),
                ("amount_fen", fields.BigIntField()),
                ("reason", fields.CharField(max_length=200)),
                ("operator_id", fields.BigIntField()),
                ("approval_no", fields.CharField(max_length=32, null=True)),
                ("reverses_no", fields.CharField(max_length=32, null=True, unique=True)),
                ("transfer_reference", fields.CharField(max_length=100, unique=True)),
                ("created_at", fields.DatetimeField()),
            ],
            options={
                "table": "adjustment",
                "table_description": "One correction of a balance: who, why, by whom approved. Never edited; a wrong one is reversed by another.",
                "app": "models",
                "indexes": [Index(fields=["customer_id", "id"], name="adjustment_customer")],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        *_checks(
            "Adjustment",
            adjustment_kind="kind IN ('principal', 'bonus')",
            adjustment_amount="amount_fen <> 0",
        ),
    ]
