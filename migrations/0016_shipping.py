"""WeChat Pay: money sent to customers, shipping reports, the address a browser pays from."""

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0015_set_posting")]

    operations = [
        ops.AddField("Payment", "client_ip", fields.CharField(max_length=45, null=True)),
        ops.AddIndex(
            "Payment",
            PartialIndex(
                fields=["ended_at"],
                name="payment_in_mini_program",
                where="state = 'paid' AND channel = 'wechat_pay' AND method = 'jsapi'",
            ),
        ),
        ops.CreateModel(
            name="Remittance",
            fields=[
                _parts.key(),
                ("remittance_no", fields.CharField(max_length=32, unique=True)),
                (
                    "customer",
                    fields.ForeignKeyField(
                        "models.Customer",
                        source_field="customer_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="remittances",
                        on_delete=OnDelete.RESTRICT,
                        db_index=False,
                    ),
                ),
                ("purpose", fields.CharField(max_length=10)),
                ("purpose_no", fields.CharField(max_length=40)),
                ("channel", fields.CharField(max_length=20)),
                ("payee", fields.CharField(max_length=128)),
                ("payee_name", fields.CharField(null=True, max_length=64)),
                ("amount_fen", fields.BigIntField()),
                ("remark", fields.CharField(max_length=32)),
                ("state", fields.CharField(default="open", max_length=10)),
                ("is_stopping", fields.BooleanField(default=False)),
                ("package_info", fields.TextField(null=True, unique=False)),
                ("channel_bill_no", fields.CharField(null=True, max_length=64)),
                ("last_answer", fields.CharField(null=True, max_length=200)),
                ("operator_id", fields.BigIntField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ask_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("asks", fields.IntField(default=0)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "remittance",
                "table_description": "One transfer to a customer, for a part of a refund or for a closing, under a number that is never used for another.",
                "app": "models",
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddIndex("Remittance", Index(fields=["customer_id", "id"], name="remittance_customer")),
        ops.AddIndex(
            "Remittance", PartialIndex(fields=["payee"], name="remittance_payee", where="state = 'waiting'")
        ),
        ops.AddIndex(
            "Remittance", PartialIndex(fields=["ask_at"], name="remittance_ask", where="ask_at IS NOT NULL")
        ),
        ops.AddConstraint(
            "Remittance",
            UniqueConstraint(
                fields=("purpose", "purpose_no"),
                name="remittance_under_way",
                condition="state IN ('open', 'waiting')",
            ),
        ),
        *_parts.checks(
            "Remittance",
            remittance_purpose="purpose IN ('refund', 'closing')",
            remittance_state="state IN ('open', 'waiting', 'paid', 'failed')",
            remittance_amount="amount_fen > 0",
            remittance_asked_while_open="(ask_at IS NOT NULL) = (state IN ('open', 'waiting'))",
            remittance_ended="(ended_at IS NOT NULL) = (state IN ('paid', 'failed'))",
        ),
        ops.RemoveConstraint("RefundPart", "refund_part_state"),
        *_parts.checks(
            "RefundPart",
            refund_part_state="state IN ('waiting', 'open', 'abnormal', 'sending', 'paid', 'failed', 'credited')",
        ),
        ops.AddField(
            "Payout", "tender", fields.CharField(default="counter", db_default="counter", max_length=20)
        ),
        ops.AddField("Payout", "remittance_no", fields.CharField(null=True, unique=True, max_length=32)),
        *_parts.checks(
            "Payout",
            payout_tender="tender IN ('counter', 'wechat_pay')",
            payout_remittance="(remittance_no IS NOT NULL) = (tender <> 'counter')",
        ),
        ops.CreateModel(
            name="ShippingReport",
            fields=[
                _parts.key(),
                ("payment_no", fields.CharField(max_length=32, unique=True)),
                ("channel_trade_no", fields.CharField(max_length=64)),
                ("payer", fields.CharField(max_length=128)),
                ("item", fields.CharField(max_length=120)),
                ("how", fields.CharField(max_length=10)),
                ("express_company", fields.CharField(null=True, max_length=40)),
                ("tracking_no", fields.CharField(null=True, max_length=128)),
                ("state", fields.CharField(default="due", max_length=10)),
                ("paid_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("next_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("attempts", fields.IntField(default=0)),
                ("uploads", fields.IntField(default=0)),
                ("last_answer", fields.CharField(null=True, max_length=200)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "shipping_report",
                "table_description": "One payment made in the mini-program, and whether the platform knows that what was paid for was handed over.",
                "app": "models",
                "indexes": [Index(fields=["paid_at"], name="shipping_report_paid")],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddIndex(
            "ShippingReport",
            PartialIndex(fields=["next_at"], name="shipping_report_next", where="next_at IS NOT NULL"),
        ),
        *_parts.checks(
            "ShippingReport",
            shipping_report_how="how IN ('virtual', 'pick_up', 'express')",
            shipping_report_state="state IN ('due', 'done', 'needless', 'given_up')",
            shipping_report_due="(next_at IS NOT NULL) = (state = 'due')",
            shipping_report_ended="(ended_at IS NULL) = (state = 'due')",
            shipping_report_express="(how = 'express') = (express_company IS NOT NULL AND tracking_no IS NOT NULL)",
        ),
    ]
