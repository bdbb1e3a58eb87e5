"""Combined payments 组合支付: a bill paid with a share of the balance and the rest through a channel."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class CombinedPayment(Model):
    """A bill being paid with a share held on the balance and the rest through a channel."""

    id = fields.BigIntField(primary_key=True)
    combined_no = fields.CharField(max_length=32, unique=True)
    bill = fields.ForeignKeyField("models.Bill", related_name="combined_payments", on_delete=fields.RESTRICT)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="combined_payments", on_delete=fields.RESTRICT
    )
    balance_fen = fields.BigIntField()
    """Held while it is open, under ``combined:<number>``; nothing is held where it is 0."""
    channel_fen = fields.BigIntField()
    state = fields.CharField(max_length=10, default="open")
    """``credited``: its money came, but could not settle the bill, and was put on the balance."""
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "combined_payment"
        indexes = (
            Index(fields=("customer_id", "id"), name="combined_payment_customer"),
            Index(fields=("bill_id",), name="combined_payment_bill"),
        )
        constraints = (
            UniqueConstraint(fields=("bill_id",), name="combined_payment_open", condition="state = 'open'"),
            CheckConstraint(
                check="state IN ('open', 'paid', 'closed', 'credited')", name="combined_payment_state"
            ),
            CheckConstraint(check="balance_fen >= 0 AND channel_fen > 0", name="combined_payment_amounts"),
            CheckConstraint(check="(ended_at IS NULL) = (state = 'open')", name="combined_payment_ended"),
        )
