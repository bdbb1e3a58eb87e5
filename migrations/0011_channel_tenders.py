"""A bill may be paid by a channel, wholly or for what the balance leaves; operators may hold money of a customer."""

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0010_instalments")]

    operations = [
        ops.AddField("BillPayment", "payment_no", fields.CharField(null=True, unique=True, max_length=32)),
        ops.AddConstraint(
            "BillPayment",
            CheckConstraint(
                name="bill_payment_tender", check="tender IN ('balance', 'wechat_pay', 'alipay', 'counter')"
            ),
        ),
        ops.AddConstraint(
            "BillPayment",
            CheckConstraint(
                name="bill_payment_of_channel",
                check="(payment_no IS NOT NULL) = (tender IN ('wechat_pay', 'alipay'))",
            ),
        ),
        ops.AddField("Bill", "pending_no", fields.CharField(null=True, max_length=32)),
        ops.AddConstraint(
            "Bill",
            CheckConstraint(
                name="bill_pending", check="pending_no IS NULL OR state IN ('open', 'partly_paid')"
            ),
        ),
        ops.AddIndex(
            "Bill",
            PartialIndex(fields=["pending_no"], name="bill_pending_payment", where="pending_no IS NOT NULL"),
        ),
        ops.RemoveConstraint("Payment", "payment_purpose_kind"),
        ops.AddConstraint(
            "Payment", CheckConstraint(name="payment_purpose_kind", check="purpose IN ('top_up', 'bill')")
        ),
        ops.AddField("Hold", "title", fields.CharField(default="", max_length=100)),
        ops.AddField("Hold", "operator", fields.CharField(default="", max_length=64)),
        ops.CreateModel(
            name="CombinedPayment",
            fields=[
                _parts.key(),
                ("combined_no", fields.CharField(unique=True, max_length=32)),
                (
                    "bill",
                    fields.ForeignKeyField(
                        "models.Bill",
                        source_field="bill_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="combined_payments",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "customer",
                    fields.ForeignKeyField(
                        "models.Customer",
                        source_field="customer_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="combined_payments",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("balance_fen", fields.BigIntField()),
                ("channel_fen", fields.BigIntField()),
                ("state", fields.CharField(default="open", max_length=10)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "combined_payment",
                "table_description": "A bill being paid with a share held on the balance and the rest through a channel.",
                "app": "models",
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddIndex(
            "CombinedPayment", Index(fields=["customer_id", "id"], name="combined_payment_customer")
        ),
        ops.AddIndex("CombinedPayment", Index(fields=["bill_id"], name="combined_payment_bill")),
        ops.AddConstraint(
            "CombinedPayment",
            UniqueConstraint(fields=("bill_id",), name="combined_payment_open", condition="state = 'open'"),
        ),
        ops.AddConstraint(
            "CombinedPayment",
            CheckConstraint(
                name="combined_payment_state", check="state IN ('open', 'paid', 'closed', 'credited')"
            ),
        ),
        ops.AddConstraint(
            "CombinedPayment",
            CheckConstraint(name="combined_payment_amounts", check="balance_fen >= 0 AND channel_fen > 0"),
        ),
        ops.AddConstraint(
            "CombinedPayment",
            CheckConstraint(name="combined_payment_ended", check="(ended_at IS NULL) = (state = 'open')"),
        ),
    ]
