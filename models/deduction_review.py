"""Reviews 核实: deductions that wait for an operator's decision."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class DeductionReview(Model):
    """A deduction a rule held back: its amount is held on the balance under ``review:<review_no>`` until it is decided."""

    id = fields.BigIntField(primary_key=True)
    review_no = fields.CharField(max_length=32, unique=True)
    bill = fields.ForeignKeyField(
        "models.Bill", related_name="reviews", on_delete=fields.RESTRICT, db_index=False
    )
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="reviews", on_delete=fields.RESTRICT, db_index=False
    )
    amount_fen = fields.BigIntField()
    drawn_fen = fields.BigIntField()
    """How much of it was drawn on credit."""
    findings = fields.JSONField()
    """Which rules it met, with the facts they saw."""
    asked_by = fields.CharField(max_length=64)
    """Who wanted the deduction: ``customer:5`` or ``clock``."""
    state = fields.CharField(max_length=10, default="waiting")
    decided_by = fields.CharField(max_length=64, null=True)
    reason = fields.CharField(max_length=200, default="")
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        table = "deduction_review"
        indexes = (
            Index(fields=("bill_id", "id"), name="deduction_review_bill"),
            Index(fields=("customer_id", "id"), name="deduction_review_customer"),
            PartialIndex(fields=("expires_at",), name="deduction_review_expiring", where="state = 'waiting'"),
        )
        constraints = (
            CheckConstraint(
                check="state IN ('waiting', 'approved', 'rejected', 'expired', 'withdrawn')",
                name="deduction_review_state",
            ),
            CheckConstraint(
                check="amount_fen > 0 AND drawn_fen BETWEEN 0 AND amount_fen", name="deduction_review_amount"
            ),
            CheckConstraint(
                check="(decided_at IS NULL) = (state = 'waiting')", name="deduction_review_decided"
            ),
            UniqueConstraint(
                fields=("bill_id",), name="deduction_review_waiting", condition="state = 'waiting'"
            ),
        )
