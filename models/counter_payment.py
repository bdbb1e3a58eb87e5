"""Counter payments 柜台收款."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class CounterPayment(Model):
    """Money an operator has taken: cash, by bank card, by bank transfer or by cheque, and what it was for."""

    id = fields.BigIntField(primary_key=True)
    counter_no = fields.CharField(max_length=32, unique=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="counter_payments", on_delete=fields.RESTRICT, db_index=False
    )
    purpose = fields.CharField(max_length=10)
    purpose_no = fields.CharField(max_length=32)
    """Number of the top-up it made, or of the bill it paid."""
    tender = fields.CharField(max_length=10)
    reference = fields.CharField(max_length=64, null=True)
    """The terminal's or the bank's number, or the cheque's; None for cash."""
    amount_fen = fields.BigIntField()
    memo = fields.CharField(max_length=200, default="")
    operator = fields.CharField(max_length=64)
    approval_no = fields.CharField(max_length=32, null=True)
    voucher_no = fields.CharField(max_length=32, null=True, unique=True)
    """The customer's transfer voucher that this is the money of."""
    transfer_reference = fields.CharField(max_length=100, unique=True)
    state = fields.CharField(max_length=10, default="taken")
    undone_by = fields.CharField(max_length=64, null=True)
    undo_reason = fields.CharField(max_length=200, null=True)
    created_at = fields.DatetimeField()
    undone_at = fields.DatetimeField(null=True)

    class Meta:
        table = "counter_payment"
        indexes = (
            Index(fields=("customer_id", "id"), name="counter_payment_customer"),
            Index(fields=("purpose", "purpose_no"), name="counter_payment_purpose"),
        )
        constraints = (
            UniqueConstraint(
                fields=("tender", "reference"),
                name="counter_payment_reference",
                condition="state = 'taken' AND reference IS NOT NULL",
            ),
            CheckConstraint(check="purpose IN ('top_up', 'bill')", name="counter_payment_purpose_kind"),
            CheckConstraint(
                check="tender IN ('cash', 'card', 'transfer', 'cheque')", name="counter_payment_tender"
            ),
            CheckConstraint(
                check="(reference IS NULL) = (tender = 'cash')", name="counter_payment_has_reference"
            ),
            CheckConstraint(check="amount_fen > 0", name="counter_payment_amount"),
            CheckConstraint(check="state IN ('taken', 'undone')", name="counter_payment_state"),
            CheckConstraint(
                check="(state = 'undone') = (undone_at IS NOT NULL) AND (undone_at IS NULL) = (undone_by IS NULL)",
                name="counter_payment_undone",
            ),
        )
