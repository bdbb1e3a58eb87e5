"""Reconciliation: days of channels, their bills row by row, differences and their history, fees, and the tables of rates."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps

_APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reconciliation_event
FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()
"""


def _day(related_name: str) -> tuple[str, Any]:
    return _parts.to("ChannelDay", "day", related_name, db_index=False)


class Migration(_steps.Migration):
    dependencies = [("models", "0016_shipping")]

    operations = [
        ops.CreateModel(
            name="ChannelDay",
            fields=[
                _parts.key(),
                ("channel", fields.CharField(max_length=20)),
                ("day", fields.DateField()),
                ("merchant_id", fields.CharField(max_length=40)),
                ("state", fields.CharField(default="waiting", max_length=10)),
                ("fetch_at", fields.DatetimeField(null=True)),
                ("tries", fields.IntField(default=0)),
                ("last_answer", fields.CharField(default="", max_length=200)),
                ("gave_up_at", fields.DatetimeField(null=True)),
                ("match_at", fields.DatetimeField(null=True)),
                ("matched_at", fields.DatetimeField(null=True)),
                ("closed_at", fields.DatetimeField(null=True)),
                ("closed_by", fields.CharField(null=True, max_length=64)),
                ("created_at", fields.DatetimeField()),
            ],
            options={
                "table": "channel_day",
                "table_description": "One channel's books of one day in Beijing, compared with ours: from the wait for its bill until everything is explained.",
                "app": "models",
                "indexes": [
                    PartialIndex(fields=["fetch_at"], name="channel_day_fetch", where="fetch_at IS NOT NULL"),
                    PartialIndex(fields=["match_at"], name="channel_day_match", where="match_at IS NOT NULL"),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddConstraint("ChannelDay", UniqueConstraint(fields=("channel", "day"), name="channel_day_once")),
        *_parts.checks(
            "ChannelDay",
            channel_day_state="state IN ('waiting', 'imported', 'matched', 'closed')",
            channel_day_fetched_while_waiting="fetch_at IS NULL OR state = 'waiting'",
            channel_day_closed="(closed_at IS NOT NULL AND closed_by IS NOT NULL) = (state = 'closed')",
        ),
        ops.CreateModel(
            name="BillFile",
            fields=[
                _parts.key(),
                _day("files"),
                ("sha256", fields.BinaryField()),
                ("size_bytes", fields.BigIntField()),
                ("given_by", fields.CharField(max_length=64)),
                ("payments", fields.BigIntField()),
                ("payment_fen", fields.BigIntField()),
                ("refunds", fields.BigIntField()),
                ("refund_fen", fields.BigIntField()),
                ("fee_milli", fields.BigIntField()),
                ("is_current", fields.BooleanField(default=True)),
                ("received_at", fields.DatetimeField()),
                ("replaced_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "bill_file",
                "table_description": "A channel's file that was read whole, with what its rows come to. Fees are thousandths of a fen.",
                "app": "models",
                "indexes": [
                    Index(fields=["day_id", "id"], name="bill_file_day"),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddConstraint(
            "BillFile", UniqueConstraint(fields=("day_id",), name="bill_file_current", condition="is_current")
        ),
        *_parts.checks(
            "BillFile",
            bill_file_replaced="is_current = (replaced_at IS NULL)",
            bill_file_amounts="payments >= 0 AND payment_fen >= 0 AND refunds >= 0 AND refund_fen >= 0",
        ),
        ops.CreateModel(
            name="BillLine",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("kind", fields.CharField(max_length=7)),
                ("at", fields.DatetimeField()),
                ("channel_trade_no", fields.CharField(max_length=64)),
                ("payment_no", fields.CharField(max_length=64)),
                ("channel_refund_no", fields.CharField(null=True, max_length=64)),
                ("refund_no", fields.CharField(null=True, max_length=64)),
                ("amount_fen", fields.BigIntField()),
                ("fee_milli", fields.BigIntField()),
                ("state", fields.CharField(max_length=10)),
                ("payment_id", fields.BigIntField(null=True)),
                ("part_id", fields.BigIntField(null=True)),
                ("expected_milli", fields.BigIntField(null=True)),
                ("agrees", fields.BooleanField()),
                ("other_day", fields.BooleanField()),
            ],
            options={
                "table": "bill_line",
                "table_description": "One payment or refund as the channel's bill has it, and what of ours it stands for.",
                "app": "models",
                "indexes": [
                    PartialIndex(
                        fields=["payment_id"], name="bill_line_payment", where="payment_id IS NOT NULL"
                    ),
                    PartialIndex(fields=["part_id"], name="bill_line_part", where="part_id IS NOT NULL"),
                    PartialIndex(fields=["id"], name="bill_line_odd", where="NOT agrees"),
                    PartialIndex(fields=["id"], name="bill_line_other_day", where="other_day"),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        *_parts.checks(
            "BillLine",
            bill_line_amount="kind IN ('payment', 'refund') AND amount_fen >= 0",
            bill_line_of_one="(payment_id IS NULL OR kind = 'payment') AND (part_id IS NULL OR kind = 'refund')",
            bill_line_agrees="NOT agrees OR payment_id IS NOT NULL OR part_id IS NOT NULL",
        ),
        ops.CreateModel(
            name="Carried",
            fields=[
                _parts.key(),
                _day("carried"),
                ("kind", fields.CharField(max_length=7)),
                ("ours_id", fields.BigIntField()),
                ("amount_fen", fields.BigIntField()),
                ("until_on", fields.DateField()),
                ("state", fields.CharField(default="waiting", max_length=8)),
                ("ended_day_id", fields.BigIntField(null=True)),
                ("created_at", fields.DatetimeField()),
                ("ended_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "carried",
                "table_description": "A payment or refund of ours near the end of a day that the day's bill does not have: looked for in the bills after it.",
                "app": "models",
                "indexes": [
                    Index(fields=["day_id"], name="carried_day"),
                    PartialIndex(
                        fields=["ended_day_id"], name="carried_ended_day", where="ended_day_id IS NOT NULL"
                    ),
                    PartialIndex(fields=["until_on"], name="carried_waiting", where="state = 'waiting'"),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddConstraint("Carried", UniqueConstraint(fields=("kind", "ours_id"), name="carried_once")),
        *_parts.checks(
            "Carried",
            carried_amount="kind IN ('payment', 'refund') AND amount_fen > 0",
            carried_state="state IN ('waiting', 'settled', 'overdue')",
            carried_ended="(ended_at IS NULL) = (state = 'waiting')",
            carried_ended_in="(ended_day_id IS NOT NULL) = (state <> 'waiting')",
        ),
        ops.CreateModel(
            name="Difference",
            fields=[
                _parts.key(),
                ("difference_no", fields.CharField(unique=True, max_length=32)),
                _day("differences"),
                ("kind", fields.CharField(max_length=13)),
                ("subject", fields.CharField(max_length=7)),
                ("dedup_key", fields.CharField(max_length=180)),
                ("payment_no", fields.CharField(max_length=64)),
                ("refund_no", fields.CharField(null=True, max_length=64)),
                ("channel_trade_no", fields.CharField(null=True, max_length=64)),
                ("line_id", fields.BigIntField(null=True)),
                ("ours_fen", fields.BigIntField(null=True)),
                ("ours_state", fields.CharField(null=True, max_length=20)),
                ("theirs_fen", fields.BigIntField(null=True)),
                ("theirs_state", fields.CharField(null=True, max_length=20)),
                ("expected_milli", fields.BigIntField(null=True)),
                ("billed_milli", fields.BigIntField(null=True)),
                ("at_stake_fen", fields.BigIntField()),
                ("state", fields.CharField(default="asking", max_length=8)),
                ("asks", fields.IntField(default=0)),
                ("ask_at", fields.DatetimeField(null=True)),
                ("last_answer", fields.CharField(default="", max_length=200)),
                ("owner_id", fields.BigIntField(null=True)),
                ("remark", fields.CharField(default="", max_length=500)),
                ("resolution", fields.CharField(null=True, max_length=10)),
                ("reason", fields.CharField(null=True, max_length=200)),
                ("resolved_by", fields.CharField(null=True, max_length=64)),
                ("approval_no", fields.CharField(null=True, max_length=32)),
                ("transfer_reference", fields.CharField(null=True, unique=True, max_length=100)),
                ("sent_back_by", fields.CharField(null=True, unique=True, max_length=32)),
                ("opened_at", fields.DatetimeField()),
                ("resolved_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "difference",
                "table_description": "Something that a channel's bill and our books do not agree on, who looks after it, and how it ended.",
                "app": "models",
                "indexes": [
                    PartialIndex(fields=["id"], name="difference_open", where="state <> 'resolved'"),
                    PartialIndex(fields=["ask_at"], name="difference_ask", where="ask_at IS NOT NULL"),
                    PartialIndex(
                        fields=["owner_id", "id"], name="difference_owner", where="owner_id IS NOT NULL"
                    ),
                    Index(fields=["payment_no"], name="difference_payment"),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddConstraint(
            "Difference", UniqueConstraint(fields=("day_id", "dedup_key"), name="difference_once")
        ),
        *_parts.checks(
            "Difference",
            difference_kind="kind IN ('missing_here', 'missing_there', 'amount', 'fee', 'status', 'refund', 'duplicate')",
            difference_subject="subject IN ('payment', 'refund') AND at_stake_fen >= 0",
            difference_state="state IN ('asking', 'open', 'resolved')",
            difference_asked="(ask_at IS NOT NULL) = (state = 'asking')",
            difference_resolution="resolution IN ('settled', 'credit', 'send_back', 'adjust', 'ignore')",
            difference_resolved="(resolved_at IS NOT NULL AND resolution IS NOT NULL AND resolved_by IS NOT NULL) = (state = 'resolved')",
            difference_moved="(transfer_reference IS NOT NULL) = coalesce(resolution IN ('credit', 'adjust', 'send_back'), false)",
            difference_sent_back="(sent_back_by IS NOT NULL) = coalesce(resolution = 'send_back', false)",
            difference_reason="resolution IS NULL OR resolution = 'settled' OR reason IS NOT NULL",
        ),
        ops.CreateModel(
            name="ReconciliationEvent",
            fields=[
                _parts.key(),
                _day("events"),
                ("difference_id", fields.BigIntField(null=True)),
                ("act", fields.CharField(max_length=20)),
                ("who", fields.CharField(max_length=64)),
                (
                    "detail",
                    _parts.json(),
                ),
                ("at", fields.DatetimeField()),
            ],
            options={
                "table": "reconciliation_event",
                "table_description": "What was done to a day or to one of its differences, by whom and when; never changed.",
                "app": "models",
                "indexes": [
                    Index(fields=["day_id", "id"], name="reconciliation_event_day"),
                    PartialIndex(
                        fields=["difference_id", "id"],
                        name="reconciliation_event_difference",
                        where="difference_id IS NOT NULL",
                    ),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ChannelFee",
            fields=[
                _parts.key(),
                _day("fees"),
                ("file_id", fields.BigIntField(null=True)),
                ("fee_milli", fields.BigIntField()),
                ("amount_fen", fields.BigIntField()),
                ("transfer_reference", fields.CharField(null=True, unique=True, max_length=100)),
                ("reversal_reference", fields.CharField(null=True, unique=True, max_length=100)),
                ("posted_at", fields.DatetimeField()),
                ("reversed_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "channel_fee",
                "table_description": "The fees of one channel and day, posted when the day was closed; given back in the books when it was opened again.",
                "app": "models",
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddConstraint(
            "ChannelFee",
            UniqueConstraint(
                fields=("day_id",), name="channel_fee_in_force", condition="reversed_at IS NULL"
            ),
        ),
        *_parts.checks(
            "ChannelFee",
            channel_fee_posted="(transfer_reference IS NOT NULL) = (amount_fen <> 0)",
            channel_fee_reversed="(reversal_reference IS NOT NULL) = (reversed_at IS NOT NULL AND amount_fen <> 0)",
        ),
        ops.CreateModel(
            name="FeeRule",
            fields=[
                _parts.key(),
                ("charge", fields.CharField(max_length=10)),
                ("party", fields.CharField(max_length=64)),
                ("applies_to", fields.CharField(null=True, max_length=64)),
                ("above_fen", fields.BigIntField(default=0)),
                ("rate_ppm", fields.IntField(default=0)),
                ("fixed_fen", fields.BigIntField(default=0)),
                ("min_fen", fields.BigIntField(default=0)),
                ("max_fen", fields.BigIntField(null=True)),
                ("from_on", fields.DateField()),
                ("until_on", fields.DateField(null=True)),
                ("created_by", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField()),
            ],
            options={
                "table": "fee_rule",
                "table_description": "A line of a table of rates: what is kept of an amount above ``above_fen`` while the line is in force.",
                "app": "models",
                "indexes": [
                    Index(fields=["charge", "party"], name="fee_rule_party"),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        *_parts.checks(
            "FeeRule",
            fee_rule_charge="charge IN ('channel', 'commission')",
            fee_rule_amounts="above_fen >= 0 AND rate_ppm BETWEEN 0 AND 1000000 AND fixed_fen >= 0 AND min_fen >= 0 AND (max_fen IS NULL OR max_fen >= min_fen)",
            fee_rule_days="until_on IS NULL OR until_on >= from_on",
        ),
        ops.AddIndex(
            "Payment",
            PartialIndex(fields=["channel", "paid_at"], name="payment_paid_on", where="paid_at IS NOT NULL"),
        ),
        ops.AddIndex(
            "RefundPart",
            PartialIndex(fields=["tender", "ended_at"], name="refund_part_paid_on", where="state = 'paid'"),
        ),
        ops.RunSQL([_APPEND_ONLY]),
    ]
