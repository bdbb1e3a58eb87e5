"""Refunds of bills and top-ups through every tender, and the agreement that customers consent to when they top up."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps

_HOUSE = """
INSERT INTO account (code, kind, currency, principal_fen, bonus_fen, held_fen, credit_limit_fen, entry_no, burn_policy, created_at)
VALUES ('house:refunds_pending', 'house', 'CNY', 0, 0, 0, 0, 0, 'bonus_first', now()) ON CONFLICT (code) DO NOTHING
"""
_TERMS = """
ALTER TABLE top_up ALTER COLUMN claw_back SET DEFAULT 'pro_rata', ALTER COLUMN refund_right_days SET DEFAULT 7,
    ALTER COLUMN refunded_fen SET DEFAULT 0, ALTER COLUMN clawed_fen SET DEFAULT 0
"""
_REFUNDING = "ALTER TABLE bill_payment ALTER COLUMN refunding_fen SET DEFAULT 0"


class Migration(_steps.Migration):
    dependencies = [("models", "0011_channel_tenders")]

    operations = [
        ops.RunSQL([_HOUSE]),
        ops.AddField("ChannelNotice", "refund", fields.JSONField(null=True)),
        ops.AddField("BillPayment", "refunding_fen", fields.BigIntField(default=0)),
        ops.RunSQL([_REFUNDING]),
        ops.AddConstraint(
            "BillPayment",
            CheckConstraint(
                name="bill_payment_refunding",
                check="refunding_fen >= 0 AND refunded_fen + refunding_fen <= amount_fen",
            ),
        ),
        ops.AddField("Bill", "manual_because", fields.CharField(null=True, max_length=16)),
        ops.AddConstraint(
            "Bill",
            CheckConstraint(
                name="bill_manual_because",
                check="manual_because IS NULL OR manual_because IN ('refunded', 'review_rejected', 'review_expired') AND NOT automatic",
            ),
        ),
        ops.AddField("TopUp", "claw_back", fields.CharField(default="pro_rata", max_length=16)),
        ops.AddField("TopUp", "refund_right_days", fields.IntField(default=7)),
        ops.AddField("TopUp", "refunded_fen", fields.BigIntField(default=0)),
        ops.AddField("TopUp", "clawed_fen", fields.BigIntField(default=0)),
        ops.RunSQL([_TERMS]),
        ops.AddConstraint(
            "TopUp",
            CheckConstraint(
                name="top_up_refund_terms",
                check="claw_back IN ('pro_rata', 'bonus_first', 'unspent_only') AND refund_right_days >= 0",
            ),
        ),
        ops.AddConstraint(
            "TopUp",
            CheckConstraint(
                name="top_up_refunded",
                check="refunded_fen BETWEEN 0 AND pay_fen AND clawed_fen BETWEEN 0 AND bonus_fen",
            ),
        ),
        ops.CreateModel(
            name="Refund",
            fields=[
                _parts.key(),
                ("refund_no", fields.CharField(unique=True, max_length=32)),
                _parts.to("Customer", "customer", "refunds"),
                ("kind", fields.CharField(max_length=8)),
                ("subject_no", fields.CharField(max_length=32)),
                ("amount_fen", fields.BigIntField()),
                ("bonus_fen", fields.BigIntField(default=0)),
                ("reason", fields.CharField(max_length=200)),
                ("rule", fields.CharField(null=True, max_length=16)),
                ("operator", fields.CharField(max_length=64)),
                ("decided_by", fields.CharField(null=True, max_length=64)),
                ("retry_of", fields.CharField(null=True, unique=True, max_length=32)),
                ("state", fields.CharField(max_length=10)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "refund",
                "table_description": "A decision to give back part of what a bill or a top-up was paid with, and what became of it.",
                "app": "models",
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddIndex("Refund", Index(fields=["customer_id", "id"], name="refund_customer")),
        ops.AddIndex("Refund", Index(fields=["kind", "subject_no"], name="refund_subject")),
        ops.AddIndex(
            "Refund", PartialIndex(fields=["id"], name="refund_open", where="state IN ('requested', 'open')")
        ),
        ops.AddConstraint("Refund", CheckConstraint(name="refund_kind", check="kind IN ('bill', 'top_up')")),
        ops.AddConstraint(
            "Refund",
            CheckConstraint(
                name="refund_state", check="state IN ('requested', 'open', 'paid', 'failed', 'rejected')"
            ),
        ),
        ops.AddConstraint(
            "Refund",
            CheckConstraint(
                name="refund_amounts",
                check="amount_fen > 0 AND bonus_fen >= 0 AND (kind = 'top_up' OR bonus_fen = 0)",
            ),
        ),
        ops.AddConstraint(
            "Refund",
            CheckConstraint(
                name="refund_ended", check="(ended_at IS NULL) = (state IN ('requested', 'open'))"
            ),
        ),
        ops.AddConstraint(
            "Refund", CheckConstraint(name="refund_rule", check="(rule IS NOT NULL) = (kind = 'top_up')")
        ),
        ops.CreateModel(
            name="RefundPart",
            fields=[
                _parts.key(),
                ("part_no", fields.CharField(unique=True, max_length=40)),
                _parts.to("Refund", "refund", "parts"),
                _parts.to("BillPayment", "bill_payment", "refund_parts", null=True),
                ("tender", fields.CharField(max_length=20)),
                ("payment_no", fields.CharField(null=True, max_length=32)),
                ("amount_fen", fields.BigIntField()),
                ("state", fields.CharField(max_length=10)),
                ("channel_refund_no", fields.CharField(null=True, max_length=64)),
                ("last_answer", fields.CharField(null=True, max_length=200)),
                ("ask_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("asks", fields.IntField(default=0)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "refund_part",
                "table_description": "An amount that goes back the way one payment came, under a number of its own that is never used for another.",
                "app": "models",
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddIndex("RefundPart", Index(fields=["refund_id"], name="refund_part_refund")),
        ops.AddIndex("RefundPart", Index(fields=["bill_payment_id"], name="refund_part_bill_payment")),
        ops.AddIndex(
            "RefundPart",
            PartialIndex(fields=["payment_no"], name="refund_part_payment", where="payment_no IS NOT NULL"),
        ),
        ops.AddIndex(
            "RefundPart",
            PartialIndex(fields=["ask_at"], name="refund_part_ask", where="ask_at IS NOT NULL"),
        ),
        ops.AddIndex(
            "RefundPart",
            PartialIndex(fields=["id"], name="refund_part_abnormal", where="state = 'abnormal'"),
        ),
        ops.AddConstraint(
            "RefundPart",
            CheckConstraint(
                name="refund_part_tender", check="tender IN ('balance', 'wechat_pay', 'alipay', 'counter')"
            ),
        ),
        ops.AddConstraint(
            "RefundPart",
            CheckConstraint(
                name="refund_part_state",
                check="state IN ('waiting', 'open', 'abnormal', 'paid', 'failed', 'credited')",
            ),
        ),
        ops.AddConstraint("RefundPart", CheckConstraint(name="refund_part_amount", check="amount_fen > 0")),
        ops.AddConstraint(
            "RefundPart",
            CheckConstraint(
                name="refund_part_of_channel",
                check="(payment_no IS NOT NULL) = (tender IN ('wechat_pay', 'alipay'))",
            ),
        ),
        ops.AddConstraint(
            "RefundPart",
            CheckConstraint(
                name="refund_part_asked_while_open", check="(ask_at IS NOT NULL) = (state = 'open')"
            ),
        ),
        ops.AddConstraint(
            "RefundPart",
            CheckConstraint(
                name="refund_part_ended",
                check="(ended_at IS NOT NULL) = (state IN ('paid', 'failed', 'credited'))",
            ),
        ),
        ops.CreateModel(
            name="Agreement",
            fields=[
                _parts.key(),
                ("version", fields.CharField(unique=True, max_length=32)),
                ("text", fields.TextField(unique=False)),
                ("text_hash", fields.CharField(max_length=64)),
                ("operator", fields.CharField(max_length=64)),
                ("published_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "agreement",
                "table_description": "One version of the text that customers agree to when they top up. Never changed; a new text is a new version.",
                "app": "models",
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AgreementConsent",
            fields=[
                _parts.key(),
                _parts.to("Agreement", "agreement", "consents"),
                ("top_up_no", fields.CharField(unique=True, max_length=32)),
                ("text_hash", fields.CharField(max_length=64)),
                ("channel", fields.CharField(max_length=20)),
                ("agreed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "agreement_consent",
                "table_description": "That a customer agreed to a version when making a top-up: which text, when, and where.",
                "app": "models",
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
