"""Transfer vouchers 付款凭证 that customers upload."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Voucher(Model):
    """A customer says that they have transferred money, and shows the bank's voucher; an operator looks and decides."""

    id = fields.BigIntField(primary_key=True)
    voucher_no = fields.CharField(max_length=32, unique=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="vouchers", on_delete=fields.RESTRICT, db_index=False
    )
    bill_no = fields.CharField(max_length=32, null=True)
    """The bill it is to pay; None: it is a top-up."""
    amount_fen = fields.BigIntField()
    """What the customer says was transferred."""
    note = fields.CharField(max_length=200, default="")
    state = fields.CharField(max_length=12, default="started")
    image_hash = fields.CharField(max_length=64, null=True)
    """SHA-256 of the image as it was uploaded: the same one uploaded again is noticed."""
    same_as_no = fields.CharField(max_length=32, null=True)
    """An older voucher with the same image."""
    approval_no = fields.CharField(max_length=32, null=True)
    """The second person an operator's confirmation waits for."""
    counter_no = fields.CharField(max_length=32, null=True, unique=True)
    """The counter payment that a confirmed one became."""
    decided_by = fields.CharField(max_length=64, null=True)
    reject_reason = fields.CharField(max_length=200, null=True)
    created_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        table = "voucher"
        indexes = (
            Index(fields=("customer_id", "id"), name="voucher_customer"),
            PartialIndex(fields=("image_hash",), name="voucher_same_image", where="image_hash IS NOT NULL"),
            PartialIndex(fields=("id",), name="voucher_waiting", where="state = 'submitted'"),
        )
        constraints = (
            CheckConstraint(
                check="state IN ('started', 'submitted', 'confirmed', 'rejected', 'withdrawn')",
                name="voucher_state",
            ),
            CheckConstraint(check="amount_fen > 0", name="voucher_amount"),
            CheckConstraint(check="(counter_no IS NOT NULL) = (state = 'confirmed')", name="voucher_counter"),
            CheckConstraint(
                check="(reject_reason IS NOT NULL) = (state = 'rejected')", name="voucher_rejected"
            ),
            CheckConstraint(
                check="state NOT IN ('submitted', 'confirmed', 'rejected') OR image_hash IS NOT NULL",
                name="voucher_shown",
            ),
            CheckConstraint(
                check="(decided_at IS NOT NULL) = (state IN ('confirmed', 'rejected', 'withdrawn'))",
                name="voucher_decided",
            ),
        )
