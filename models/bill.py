"""Bills 账单: the one thing that can be owed and paid."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Bill(Model):
    """What a customer owes for one order or one plan period."""

    id = fields.BigIntField(primary_key=True)
    bill_no = fields.CharField(max_length=32, unique=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="bills", on_delete=fields.RESTRICT, db_index=False
    )
    title = fields.CharField(max_length=100)
    source = fields.CharField(max_length=64, unique=True)
    """What issued it: ``order:S2611…`` or ``plan:42:3``; one bill per source."""
    amount_fen = fields.BigIntField()
    paid_fen = fields.BigIntField(default=0)
    refunded_fen = fields.BigIntField(default=0)
    state = fields.CharField(max_length=12, default="open")
    collect_mode = fields.CharField(max_length=8, default="full")
    automatic = fields.BooleanField(default=False)
    """Whether the clock and a new top-up may take it from the balance without asking (the customer consented)."""
    due_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    paid_at = fields.DatetimeField(null=True)
    pending_no = fields.CharField(max_length=32, null=True)
    """The combined payment that is under way for it: until that ends nothing else pays, voids or refunds the bill."""

    class Meta:
        table = "bill"
        indexes = (
            Index(fields=("customer_id", "id"), name="bill_customer"),
            PartialIndex(
                fields=("customer_id", "due_at"), name="bill_owed", where="state IN ('open', 'partly_paid')"
            ),
            PartialIndex(fields=("due_at",), name="bill_due", where="state IN ('open', 'partly_paid')"),
        )
        constraints = (
            CheckConstraint(check="state IN ('open', 'partly_paid', 'paid', 'void')", name="bill_state"),
            CheckConstraint(check="collect_mode IN ('full', 'partial')", name="bill_collect_mode"),
            CheckConstraint(
                check="amount_fen > 0 AND paid_fen BETWEEN 0 AND amount_fen AND refunded_fen BETWEEN 0 AND paid_fen",
                name="bill_amounts",
            ),
            CheckConstraint(check="(state = 'paid') = (paid_fen = amount_fen)", name="bill_paid"),
            CheckConstraint(check="state <> 'open' OR paid_fen = 0", name="bill_open"),
            CheckConstraint(check="(paid_at IS NOT NULL) = (state = 'paid')", name="bill_paid_at"),
            CheckConstraint(
                check="pending_no IS NULL OR state IN ('open', 'partly_paid')", name="bill_pending"
            ),
        )
