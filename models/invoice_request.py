"""Invoices 发票 that customers ask for."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class InvoiceRequest(Model):
    """An invoice a customer asked for, of money that came in for one top-up or one bill."""

    id = fields.BigIntField(primary_key=True)
    invoice_no = fields.CharField(max_length=32, unique=True)
    """Ours; the invoice's own is ``number``."""
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="invoice_requests", on_delete=fields.RESTRICT, db_index=False
    )
    subject = fields.CharField(max_length=8)
    """``top_up``: a prepaid card is sold (code 601, not taxed). ``bill``: goods or services."""
    subject_no = fields.CharField(max_length=32)
    amount_fen = fields.BigIntField()
    title_kind = fields.CharField(max_length=10)
    title = fields.CharField(max_length=500)
    """Sealed (``core.sealed``), as are the next two."""
    tax_no = fields.CharField(max_length=120, null=True)
    email = fields.CharField(max_length=500, null=True)
    door = fields.CharField(max_length=20)
    state = fields.CharField(max_length=10)
    number = fields.CharField(max_length=32, null=True, unique=True)
    """That of the invoice that was issued, as the tax authority counts."""
    reason = fields.CharField(max_length=200, null=True)
    """Why it was refused."""
    ended_by = fields.CharField(max_length=64, null=True)
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "invoice_request"
        indexes = (
            Index(fields=("customer_id", "id"), name="invoice_request_customer"),
            Index(fields=("subject", "subject_no"), name="invoice_request_subject"),
            Index(fields=("state", "id"), name="invoice_request_state"),
        )
        constraints = (
            CheckConstraint(
                check="starts_with(title, 's1.') AND starts_with(tax_no, 's1.') AND starts_with(email, 's1.')",
                name="invoice_request_sealed",
            ),
            CheckConstraint(check="subject IN ('top_up', 'bill')", name="invoice_request_subject_kind"),
            CheckConstraint(check="amount_fen > 0", name="invoice_request_amount"),
            CheckConstraint(check="title_kind IN ('personal', 'company')", name="invoice_request_title_kind"),
            CheckConstraint(
                check="(tax_no IS NOT NULL) = (title_kind = 'company')", name="invoice_request_tax_no"
            ),
            CheckConstraint(
                check="state IN ('requested', 'issued', 'refused', 'withdrawn')",
                name="invoice_request_state_kind",
            ),
            CheckConstraint(check="(number IS NOT NULL) = (state = 'issued')", name="invoice_request_number"),
            CheckConstraint(
                check="(reason IS NOT NULL) = (state = 'refused')", name="invoice_request_reason"
            ),
            CheckConstraint(
                check="(ended_at IS NULL) = (state = 'requested') AND (ended_by IS NULL) = (ended_at IS NULL)",
                name="invoice_request_ended",
            ),
        )
