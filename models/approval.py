"""Approvals 复核: operators' acts that need a second person."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Approval(Model):
    """An act one operator asked for and another decides on, with exactly what will be done, and what came of it."""

    id = fields.BigIntField(primary_key=True)
    approval_no = fields.CharField(max_length=32, unique=True)
    kind = fields.CharField(max_length=30)
    """Which desk carries it out (``billing.approvals.register``)."""
    params = fields.JSONField()
    """The exact act, in the terms of that desk; never changed."""
    customer_id = fields.BigIntField(null=True)
    amount_fen = fields.BigIntField()
    """How much it may move."""
    reason = fields.CharField(max_length=200)
    requested_by = fields.BigIntField()
    requested_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    state = fields.CharField(max_length=10, default="waiting")
    decided_by = fields.BigIntField(null=True)
    decided_at = fields.DatetimeField(null=True)
    note = fields.CharField(max_length=200, default="")
    result = fields.CharField(max_length=100, null=True)
    """Number of what an executed act made."""
    refusal = fields.JSONField(null=True)
    """Why an approved act could not be carried out: the refusal's code and parameters."""

    class Meta:
        table = "approval"
        indexes = (
            Index(fields=("customer_id", "id"), name="approval_customer"),
            PartialIndex(fields=("expires_at",), name="approval_waiting", where="state = 'waiting'"),
        )
        constraints = (
            CheckConstraint(
                check="state IN ('waiting', 'executed', 'failed', 'rejected', 'withdrawn', 'expired')",
                name="approval_state",
            ),
            CheckConstraint(check="amount_fen >= 0", name="approval_amount"),
            CheckConstraint(check="decided_by <> requested_by", name="approval_second_person"),
            CheckConstraint(
                check="(decided_by IS NOT NULL) = (state IN ('executed', 'failed', 'rejected'))",
                name="approval_decided_by",
            ),
            CheckConstraint(check="(decided_at IS NULL) = (state = 'waiting')", name="approval_decided_at"),
            CheckConstraint(check="(result IS NOT NULL) = (state = 'executed')", name="approval_result"),
            CheckConstraint(check="(refusal IS NOT NULL) = (state = 'failed')", name="approval_refusal"),
        )
