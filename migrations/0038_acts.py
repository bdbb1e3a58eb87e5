"""What operators did: reads of personal data too, from where and why; what was changed, row by row; append-only, sealed day by day."""

from pathlib import Path

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from migrations import _parts, _steps

_SQL = Path(__file__).parent / "sql"


class Migration(_steps.Migration):
    dependencies = [("models", "0037_list_exports")]

    operations = [
        ops.AddField("OperatorAct", "kind", fields.CharField(max_length=5, db_default="write")),
        ops.AddField("OperatorAct", "subject", fields.CharField(null=True, max_length=120)),
        ops.AddField("OperatorAct", "customer_ids", ArrayField(element_type="bigint", db_default=[])),
        ops.AddField("OperatorAct", "reason", fields.CharField(null=True, max_length=500)),
        ops.AddField("OperatorAct", "address", fields.CharField(max_length=45, db_default="")),
        ops.AddField("OperatorAct", "user_agent", fields.CharField(max_length=200, db_default="")),
        *_parts.checks("OperatorAct", operator_act_kind="kind IN ('read', 'write')"),
        ops.AddIndex("OperatorAct", Index(fields=["subject", "id"], name="operator_act_subject")),
        ops.AddIndex("OperatorAct", Index(fields=["address", "id"], name="operator_act_address")),
        ops.AddIndex("OperatorAct", Index(fields=["outcome", "id"], name="operator_act_outcome")),
        ops.AddIndex("OperatorAct", Index(fields=["began_at"], name="operator_act_began")),
        _parts.table(
            "ActChange",
            "act_change",
            "One row that an operator's act added, changed or took away. Append-only.",
            [
                _parts.to("OperatorAct", "act", "changes", db_index=False),
                ("of_table", fields.CharField(max_length=63)),
                ("row_id", fields.BigIntField(null=True)),
                ("before", _parts.json(null=True)),
                ("after", _parts.json(null=True)),
            ],
            indexes=[Index(fields=["act_id", "id"], name="act_change_act")],
        ),
        _parts.table(
            "ActSeal",
            "act_seal",
            "One business day of what operators did, sealed. Append-only.",
            [
                ("day", fields.DateField(unique=True)),
                ("first_act_id", fields.BigIntField()),
                ("last_act_id", fields.BigIntField()),
                ("acts", fields.BigIntField()),
                ("changes", fields.BigIntField()),
                ("content_hash", fields.BinaryField()),
                ("previous_hash", fields.BinaryField()),
                ("hash", fields.BinaryField()),
                ("marks", fields.BinaryField()),
                _parts.instant("sealed_at"),
            ],
        ),
        *_parts.checks(
            "ActSeal",
            act_seal_hashes="octet_length(content_hash) = 32 AND octet_length(previous_hash) = 32 AND octet_length(hash) = 32",
            act_seal_counts="last_act_id >= first_act_id - 1 AND least(acts, changes) >= 0 AND octet_length(marks) % 16 = 0",
        ),
        *(ops.RunSQL([(_SQL / name).read_text("utf-8")]) for name in ("act_changed.sql", "acts.sql")),
    ]
