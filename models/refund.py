"""Refunds 退款: money on its way back."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Refund(Model):
    """A decision to give back part of what a bill or a top-up was paid with, and what became of it."""

    id = fields.BigIntField(primary_key=True)
    refund_no = fields.CharField(max_length=32, unique=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="refunds", on_delete=fields.RESTRICT, db_index=False
    )
    kind = fields.CharField(max_length=8)
    subject_no = fields.CharField(max_length=32)
    """Number of the bill or top-up."""
    amount_fen = fields.BigIntField()
    """What the customer gets back."""
    bonus_fen = fields.BigIntField(default=0)
    """What is taken back of the bonus of a top-up."""
    reason = fields.CharField(max_length=200)
    rule = fields.CharField(max_length=16, null=True)
    """By which rule the amounts of a top-up's refund were found: ``right``, or the policy recorded on the top-up."""
    operator = fields.CharField(max_length=64)
    """Who asked for it."""
    decided_by = fields.CharField(max_length=64, null=True)
    """Who let it go ahead or turned it down; the customer's right needs nobody."""
    retry_of = fields.CharField(max_length=32, null=True, unique=True)
    """Number of the failed refund it makes good; each is made good once."""
    closing_no = fields.CharField(max_length=32, null=True)
    """The closing that sends it back before the counter pays the rest."""
    state = fields.CharField(max_length=10)
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "refund"
        indexes = (
            Index(fields=("customer_id", "id"), name="refund_customer"),
            Index(fields=("kind", "subject_no"), name="refund_subject"),
            PartialIndex(fields=("closing_no",), name="refund_closing", where="closing_no IS NOT NULL"),
            PartialIndex(fields=("id",), name="refund_open", where="state IN ('requested', 'open')"),
        )
        constraints = (
            CheckConstraint(check="kind IN ('bill', 'top_up')", name="refund_kind"),
            CheckConstraint(
                check="state IN ('requested', 'open', 'paid', 'failed', 'rejected')", name="refund_state"
            ),
            CheckConstraint(
                check="amount_fen > 0 AND bonus_fen >= 0 AND (kind = 'top_up' OR bonus_fen = 0)",
                name="refund_amounts",
            ),
            CheckConstraint(
                check="(ended_at IS NULL) = (state IN ('requested', 'open'))", name="refund_ended"
            ),
            CheckConstraint(check="(rule IS NOT NULL) = (kind = 'top_up')", name="refund_rule"),
        )
