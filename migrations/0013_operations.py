"""What operators do with a second person: adjustments that can be undone, transfers between customers, merges, closings."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps

_TRANSIT = """
INSERT INTO account (code, kind, currency, principal_fen, bonus_fen, held_fen, credit_limit_fen, entry_no, burn_policy, created_at)
VALUES ('house:transit', 'house', 'CNY', 0, 0, 0, 0, 0, 'bonus_first', now()) ON CONFLICT (code) DO NOTHING
"""


class Migration(_steps.Migration):
    dependencies = [("models", "0012_refunds")]

    operations = [
        ops.CreateModel(
            name="Approval",
            fields=[
                _parts.key(),
                ("approval_no", fields.CharField(max_length=32, unique=True)),
                ("kind", fields.CharField(max_length=30)),
                ("params", _parts.json()),
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
                ("refusal", _parts.json(null=True)),
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
        *_parts.checks(
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
                _parts.key(),
                ("adjustment_no", fields.CharField(max_length=32, unique=True)),
                _parts.to("Customer", "customer", "adjustments"),
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
        *_parts.checks(
            "Adjustment",
            adjustment_kind="kind IN ('principal', 'bonus')",
            adjustment_amount="amount_fen <> 0",
        ),
        ops.CreateModel(
            name="Move",
            fields=[
                _parts.key(),
                ("move_no", fields.CharField(max_length=32, unique=True)),
                ("kind", fields.CharField(max_length=10)),
                _parts.to("Customer", "giver", "moves_out"),
                _parts.to("Customer", "receiver", "moves_in"),
                ("principal_fen", fields.BigIntField()),
                ("bonus_fen", fields.BigIntField()),
                ("reason", fields.CharField(max_length=200)),
                ("operator", fields.CharField(max_length=64)),
                ("approval_no", fields.CharField(max_length=32, null=True)),
                ("reverses_no", fields.CharField(max_length=32, null=True, unique=True)),
                ("created_at", fields.DatetimeField()),
            ],
            options={
                "table": "move",
                "table_description": "Money of one customer that became another's: given by them (``gift``), or because two accounts became one (``merge``).",
                "app": "models",
                "indexes": [
                    Index(fields=["giver_id", "id"], name="move_giver"),
                    Index(fields=["receiver_id", "id"], name="move_receiver"),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        *_parts.checks(
            "Move",
            move_kind="kind IN ('gift', 'merge')",
            move_amounts="principal_fen >= 0 AND bonus_fen >= 0 AND principal_fen + bonus_fen > 0",
            move_between_two="giver_id <> receiver_id",
        ),
        ops.AddField("Customer", "merged_into_id", fields.BigIntField(null=True)),
        ops.RemoveConstraint("Customer", "customer_state"),
        *_parts.checks(
            "Customer",
            customer_state="state IN ('active', 'blocked', 'merged', 'closing', 'closed')",
            customer_merged="(merged_into_id IS NOT NULL) = (state = 'merged') AND merged_into_id <> id",
        ),
        ops.CreateModel(
            name="Merge",
            fields=[
                _parts.key(),
                ("merge_no", fields.CharField(max_length=32, unique=True)),
                _parts.to("Customer", "gone", "merge", fields.OneToOneField),
                _parts.to("Customer", "kept", "merges"),
                ("principal_fen", fields.BigIntField()),
                ("bonus_fen", fields.BigIntField()),
                ("reason", fields.CharField(max_length=200)),
                ("operator_id", fields.BigIntField()),
                ("approval_no", fields.CharField(max_length=32, unique=True)),
                ("created_at", fields.DatetimeField()),
            ],
            options={
                "table": "customer_merge",
                "table_description": "One customer's account became part of another's, for good.",
                "app": "models",
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        *_parts.checks(
            "Merge", merge_of_two="gone_id <> kept_id", merge_amounts="principal_fen >= 0 AND bonus_fen >= 0"
        ),
        ops.CreateModel(
            name="Closing",
            fields=[
                _parts.key(),
                ("closing_no", fields.CharField(max_length=32, unique=True)),
                _parts.to("Customer", "customer", "closings"),
                ("reason", fields.CharField(max_length=200)),
                ("operator_id", fields.BigIntField()),
                ("approval_no", fields.CharField(max_length=32, unique=True)),
                ("state", fields.CharField(max_length=10, default="paying")),
                ("bonus_fen", fields.BigIntField(default=0)),
                ("paid_out_fen", fields.BigIntField(default=0)),
                ("created_at", fields.DatetimeField()),
                ("closed_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "closing",
                "table_description": "An account being closed: from the approval until all principal is paid out.",
                "app": "models",
                "indexes": [Index(fields=["customer_id", "id"], name="closing_customer")],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddConstraint(
            "Closing",
            UniqueConstraint(fields=("customer_id",), name="closing_under_way", condition="state = 'paying'"),
        ),
        *_parts.checks(
            "Closing",
            closing_state="state IN ('paying', 'closed')",
            closing_amounts="bonus_fen >= 0 AND paid_out_fen >= 0",
            closing_closed_at="(closed_at IS NOT NULL) = (state = 'closed')",
        ),
        ops.CreateModel(
            name="Payout",
            fields=[
                _parts.key(),
                ("payout_no", fields.CharField(max_length=32, unique=True)),
                _parts.to("Closing", "closing", "payouts", db_index=False),
                ("amount_fen", fields.BigIntField()),
                ("receipt_no", fields.CharField(max_length=64)),
                ("operator_id", fields.BigIntField()),
                ("created_at", fields.DatetimeField()),
            ],
            options={
                "table": "payout",
                "table_description": "An amount paid out at the counter against a receipt, or sent through a channel; the receipt is then the channel's number.",
                "app": "models",
                "indexes": [Index(fields=["closing_id"], name="payout_closing")],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        *_parts.checks("Payout", payout_amount="amount_fen > 0"),
        ops.AddField("Refund", "closing_no", fields.CharField(null=True, max_length=32)),
        ops.AddIndex(
            "Refund",
            PartialIndex(fields=["closing_no"], name="refund_closing", where="closing_no IS NOT NULL"),
        ),
        ops.RunSQL([_TRANSIT]),
    ]
