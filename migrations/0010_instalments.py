"""Bills issued by operators, taken by the clock when they are due, and paid in instalments."""

from pathlib import Path

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps

_SQL = Path(__file__).parent / "sql"


class Migration(_steps.Migration):
    dependencies = [("models", "0009_packages")]

    operations = [
        ops.RemoveConstraint("Bill", "bill_collect_mode"),
        ops.AlterField("Bill", "collect_mode", fields.CharField(default="full", max_length=12)),
        ops.AddConstraint(
            "Bill",
            CheckConstraint(
                name="bill_collect_mode", check="collect_mode IN ('full', 'partial', 'instalments')"
            ),
        ),
        ops.AddField("Bill", "consent", fields.CharField(null=True, max_length=500)),
        ops.AddField("Bill", "collect_at", fields.DatetimeField(null=True)),
        ops.AddField("Bill", "issued_by", fields.CharField(null=True, max_length=64)),
        ops.AddField("Bill", "memo", fields.CharField(null=True, max_length=200)),
        ops.AddField("Bill", "voided_at", fields.DatetimeField(null=True)),
        ops.AddField("Bill", "voided_by", fields.CharField(null=True, max_length=64)),
        ops.AddField("Bill", "void_reason", fields.CharField(null=True, max_length=200)),
        ops.AddConstraint(
            "Bill", CheckConstraint(name="bill_voided_at", check="voided_at IS NULL OR state = 'void'")
        ),
        ops.AddConstraint(
            "Bill",
            CheckConstraint(
                name="bill_consent", check="issued_by IS NULL OR NOT automatic OR consent IS NOT NULL"
            ),
        ),
        ops.AddIndex(
            "Bill",
            PartialIndex(
                fields=["collect_at", "id"],
                name="bill_collect",
                where="collect_at IS NOT NULL AND state IN ('open', 'partly_paid')",
            ),
        ),
        ops.AddField("BillPayment", "matched_by", fields.CharField(null=True, max_length=16)),
        ops.AddConstraint(
            "BillPayment",
            CheckConstraint(
                name="bill_payment_matched_by",
                check="matched_by IN ('oldest_due', 'oldest_issued', 'smallest_first', 'due_date')",
            ),
        ),
        ops.CreateModel(
            name="Arrangement",
            fields=[
                _parts.key(),
                (
                    "bill",
                    fields.ForeignKeyField(
                        "models.Bill",
                        source_field="bill_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="arrangements",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("arrangement_no", fields.IntField()),
                ("state", fields.CharField(max_length=10)),
                ("base_fen", fields.BigIntField()),
                ("automatic", fields.BooleanField()),
                ("former_mode", fields.CharField(max_length=12)),
                ("former_automatic", fields.BooleanField()),
                ("consent_version", fields.CharField(max_length=20)),
                ("consent_text", fields.TextField(unique=False)),
                ("consent_channel", fields.CharField(null=True, max_length=16)),
                ("consented_at", fields.DatetimeField(null=True)),
                ("proposed_by", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField()),
                ("ended_at", fields.DatetimeField(null=True)),
                ("ended_by", fields.CharField(null=True, max_length=64)),
                ("end_reason", fields.CharField(null=True, max_length=200)),
            ],
            options={
                "table": "arrangement",
                "table_description": "One arrangement of what was then unpaid of a bill; later ones replace it. The parts are its instalments.",
                "app": "models",
                "unique_together": (("bill", "arrangement_no"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddConstraint(
            "Arrangement",
            UniqueConstraint(fields=("bill_id",), name="arrangement_running", condition="state = 'running'"),
        ),
        ops.AddConstraint(
            "Arrangement",
            UniqueConstraint(
                fields=("bill_id",), name="arrangement_proposed", condition="state = 'proposed'"
            ),
        ),
        ops.AddConstraint(
            "Arrangement",
            CheckConstraint(
                name="arrangement_state",
                check="state IN ('proposed', 'running', 'replaced', 'cancelled', 'withdrawn')",
            ),
        ),
        ops.AddConstraint("Arrangement", CheckConstraint(name="arrangement_base", check="base_fen >= 0")),
        ops.AddConstraint(
            "Arrangement",
            CheckConstraint(name="arrangement_former_mode", check="former_mode IN ('full', 'partial')"),
        ),
        ops.AddConstraint(
            "Arrangement",
            CheckConstraint(
                name="arrangement_consent_channel",
                check="consent_channel IN ('mini_program', 'counter', 'phone', 'paper')",
            ),
        ),
        ops.AddConstraint(
            "Arrangement",
            CheckConstraint(
                name="arrangement_consented",
                check="(consented_at IS NOT NULL) = (consent_channel IS NOT NULL)"
                " AND (consented_at IS NOT NULL) = (state IN ('running', 'replaced', 'cancelled'))",
            ),
        ),
        ops.AddConstraint(
            "Arrangement",
            CheckConstraint(
                name="arrangement_ended", check="(ended_at IS NULL) = (state IN ('proposed', 'running'))"
            ),
        ),
        ops.CreateModel(
            name="Instalment",
            fields=[
                _parts.key(),
                (
                    "arrangement",
                    fields.ForeignKeyField(
                        "models.Arrangement",
                        source_field="arrangement_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="instalments",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("part_no", fields.IntField()),
                ("amount_fen", fields.BigIntField()),
                ("cumulative_fen", fields.BigIntField()),
                ("due_on", fields.DateField()),
                ("due_at", fields.DatetimeField()),
            ],
            options={
                "table": "instalment",
                "table_description": "One part: so much by that day. Whether it is paid is not kept here; it follows from what the bill has been paid.",
                "app": "models",
                "unique_together": (("arrangement", "part_no"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddConstraint(
            "Instalment",
            CheckConstraint(
                name="instalment_amounts",
                check="part_no >= 1 AND amount_fen > 0 AND cumulative_fen >= amount_fen",
            ),
        ),
        ops.RunSQL([(_SQL / "bill_next_due.sql").read_text("utf-8")]),
    ]
