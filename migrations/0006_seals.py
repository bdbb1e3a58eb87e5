"""Daily seals, proofs that can go on from the last one, alerts to the shop's own people."""

from pathlib import Path

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps

_SQL = Path(__file__).parent / "sql"


class Migration(_steps.Migration):
    dependencies = [("models", "0005_bonus_expiry")]

    operations = [
        ops.CreateModel(
            name="Seal",
            fields=[
                _parts.key(),
                ("day", fields.DateField(unique=True)),
                ("first_transfer_id", fields.BigIntField()),
                ("last_transfer_id", fields.BigIntField()),
                ("transfers", fields.BigIntField()),
                ("postings", fields.BigIntField()),
                ("entries", fields.BigIntField()),
                ("amount_fen", fields.BigIntField()),
                ("content_hash", fields.BinaryField()),
                ("previous_hash", fields.BinaryField()),
                ("hash", fields.BinaryField()),
                ("sealed_at", fields.DatetimeField()),
            ],
            options={
                "table": "seal",
                "table_description": "One business day of the books, sealed (I4). Append-only; only ``ledger`` writes here (``ledger.seal`` says how).",
                "app": "models",
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddConstraint(
            "Seal",
            CheckConstraint(
                name="seal_hashes",
                check="octet_length(content_hash) = 32 AND octet_length(previous_hash) = 32 AND octet_length(hash) = 32",
            ),
        ),
        ops.AddConstraint(
            "Seal",
            CheckConstraint(
                name="seal_counts",
                check="last_transfer_id >= first_transfer_id - 1 AND least(transfers, postings, entries, amount_fen) >= 0",
            ),
        ),
        ops.CreateModel(
            name="SealBlock",
            fields=[
                _parts.key(),
                ("day", fields.DateField()),
                ("block_no", fields.IntField()),
                ("marks", fields.BinaryField()),
            ],
            options={
                "table": "seal_block",
                "table_description": "Up to a thousand transfers of a sealed day, each as its number and the start of its digest, sixteen bytes together.",
                "app": "models",
                "unique_together": (("day", "block_no"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddConstraint(
            "SealBlock", CheckConstraint(name="seal_block_marks", check="octet_length(marks) % 16 = 0")
        ),
        ops.RunSQL([(_SQL / "seal_append_only.sql").read_text("utf-8")]),
        ops.CreateModel(
            name="ProofRun",
            fields=[
                _parts.key(),
                ("day", fields.DateField()),
                ("proved_at", fields.DatetimeField()),
                ("whole", fields.BooleanField()),
                ("freshness", fields.BooleanField()),
                ("violations", _parts.json()),
                ("last_ids", _parts.json(null=True)),
                ("transfers", fields.BigIntField()),
                ("postings", fields.BigIntField()),
                ("entries", fields.BigIntField()),
            ],
            options={
                "table": "proof_run",
                "table_description": "What one proof of the books found, and how far it looked: the next one may check only what came after.",
                "app": "models",
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddConstraint(
            "ProofRun",
            CheckConstraint(name="proof_run_counts", check="least(transfers, postings, entries) >= 0"),
        ),
        ops.CreateModel(
            name="StaffAlert",
            fields=[
                _parts.key(),
                ("kind", fields.CharField(max_length=30)),
                ("dedup_key", fields.CharField(max_length=120)),
                ("params", _parts.json()),
                ("raised_at", fields.DatetimeField()),
                ("resolved_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "staff_alert",
                "table_description": "Something operators have to look at: raised once, open until what raised it is over.",
                "app": "models",
                "indexes": [Index(fields=["kind", "id"], name="staff_alert_kind")],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddConstraint(
            "StaffAlert",
            UniqueConstraint(fields=("dedup_key",), name="staff_alert_open", condition="resolved_at IS NULL"),
        ),
        ops.AddIndex("Entry", Index(fields=["transfer_id"], name="entry_transfer")),
        ops.AddIndex(
            "OutboxMessage", PartialIndex(fields=["id"], name="outbox_dead", where="state = 'dead'")
        ),
    ]
