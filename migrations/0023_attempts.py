"""Several attempts at one top-up: one at a time that its customer has not left for another. Bills of funds, how far an import is, who
ended a rate."""

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0022_messages")]

    operations = [
        ops.AddField("Payment", "client_until", fields.DatetimeField(null=True)),
        ops.AddField("Payment", "left_at", fields.DatetimeField(null=True)),
        ops.AddConstraint(
            "Payment",
            UniqueConstraint(
                fields=("purpose", "purpose_no"),
                name="payment_current",
                condition="state IN ('created', 'prepared') AND left_at IS NULL",
            ),
        ),
        ops.AddField("FeeRule", "ended_by", fields.CharField(null=True, max_length=64)),
        ops.AddField("ChannelDay", "funds_at", fields.DatetimeField(null=True)),
        ops.AddIndex(
            "ChannelDay",
            PartialIndex(fields=["funds_at"], name="channel_day_funds", where="funds_at IS NOT NULL"),
        ),
        ops.RemoveConstraint("Difference", "difference_kind"),
        ops.AddConstraint(
            "Difference",
            CheckConstraint(
                name="difference_kind",
                check="kind IN ('missing_here', 'missing_there', 'amount', 'fee', 'status', 'refund', 'duplicate', 'funds')",
            ),
        ),
        ops.RemoveConstraint("Difference", "difference_subject"),
        ops.AddConstraint(
            "Difference",
            CheckConstraint(
                name="difference_subject",
                check="subject IN ('payment', 'refund', 'account') AND at_stake_fen >= 0",
            ),
        ),
        ops.CreateModel(
            name="FundBill",
            fields=[
                _parts.key(),
                _parts.to("ChannelDay", "day", "funds", fields.OneToOneField),
                ("sha256", fields.BinaryField()),
                ("size_bytes", fields.BigIntField()),
                ("given_by", fields.CharField(max_length=64)),
                ("rows", fields.BigIntField()),
                ("opening_fen", fields.BigIntField()),
                ("payment_fen", fields.BigIntField()),
                ("refund_fen", fields.BigIntField()),
                ("fee_fen", fields.BigIntField()),
                ("transfer_fen", fields.BigIntField()),
                ("withdrawal_fen", fields.BigIntField()),
                ("other_fen", fields.BigIntField()),
                ("closing_fen", fields.BigIntField()),
                ("broken_line", fields.BigIntField(null=True)),
                ("received_at", fields.DatetimeField()),
            ],
            options={
                "table": "fund_bill",
                "app": "models",
                "pk_attr": "id",
                "table_description": "What moved on the merchant's account at a channel on one day, by why it moved: negative where it went out.",
            },
            bases=["Model"],
        ),
        ops.AddConstraint(
            "FundBill",
            CheckConstraint(
                name="fund_bill_rolls_forward",
                check="broken_line IS NOT NULL OR opening_fen + payment_fen + refund_fen + fee_fen + transfer_fen + withdrawal_fen"
                " + other_fen = closing_fen",
            ),
        ),
        ops.CreateModel(
            name="ImportProgress",
            fields=[
                _parts.key(),
                _parts.to("ChannelDay", "day", "progress", fields.OneToOneField, on_delete=OnDelete.CASCADE),
                ("phase", fields.CharField(max_length=10)),
                ("rows", fields.BigIntField()),
                ("percent", fields.IntField()),
                ("began_at", fields.DatetimeField()),
                ("seen_at", fields.DatetimeField()),
            ],
            options={
                "table": "import_progress",
                "app": "models",
                "pk_attr": "id",
                "table_description": "What is being done to a day's bill at this moment. Written beside the transaction that does it, gone when that has ended.",
            },
            bases=["Model"],
        ),
    ]
