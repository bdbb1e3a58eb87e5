"""Bills 账单: the one thing that can be owed and paid."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.one_of import one_of
from core.partial_index import PartialIndex


class Bill(Model):
    """What a customer owes for one order or one plan period.

    PostgreSQL adds ``listed_fen``: what is owed of it, where it is found by that. Empty for what is settled, and for an order that waits to be
    paid in one go: its order is found, and lapses. What indexes ask for changes with no such payment, so its row is not put into them anew.
    """

    id = fields.BigIntField(primary_key=True)
    bill_no = fields.CharField(max_length=32, unique=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="bills", on_delete=fields.RESTRICT, db_index=False
    )
    title = fields.CharField(max_length=100)
    source = fields.CharField(max_length=64, unique=True)
    """What issued it: ``order:S2611…``, ``plan:42:3`` or ``operator:M2611…``; one bill per source."""
    amount_fen = fields.BigIntField()
    paid_fen = fields.BigIntField(default=0)
    refunded_fen = fields.BigIntField(default=0)
    reduced_fen = fields.BigIntField(default=0, db_default=0)
    """What is no longer in its amount: goods of its order came back before they were paid."""
    state = fields.CharField(max_length=12, default="open")
    collect_mode = fields.CharField(max_length=12, default="full")
    """Taken in full, in part as far as the balance goes, or in instalments as its running arrangement says."""
    automatic = fields.BooleanField(default=False)
    """Whether the clock and a new top-up may take it from the balance without asking (the customer consented)."""
    manual_because = fields.CharField(max_length=16, null=True)
    """What ended its being taken without asking, though the customer had consented; a new consent begins it again."""
    consent = fields.CharField(max_length=500, null=True)
    """Why a bill issued by an operator is automatic: what the customer agreed to, and how."""
    due_at = fields.DatetimeField()
    """Of a bill in instalments: when its next unpaid part is due. The trigger ``bill_next_due`` moves it on."""
    collect_at = fields.DatetimeField(null=True)
    """When the clock looks at the bill next: takes it, or reminds of it. None: it does not."""
    issued_by = fields.CharField(max_length=64, null=True)
    """The operator who issued it; None: an order or a plan did."""
    memo = fields.CharField(max_length=200, null=True)
    created_at = fields.DatetimeField()
    paid_at = fields.DatetimeField(null=True)
    pending_no = fields.CharField(max_length=32, null=True)
    """The combined payment or the review that is under way for it: until that ends nothing else pays or refunds the bill."""
    voided_at = fields.DatetimeField(null=True)
    voided_by = fields.CharField(max_length=64, null=True)
    void_reason = fields.CharField(max_length=200, null=True)
    written_off_at = fields.DatetimeField(null=True)
    """When the shop gave up what was still owed; two people agreed to that."""

    class Meta:
        table = "bill"
        indexes = (
            Index(fields=("customer_id", "id"), name="bill_customer"),
            PartialIndex(fields=("customer_id", "due_at"), name="bill_owed", where="listed_fen IS NOT NULL"),
            PartialIndex(fields=("pending_no",), name="bill_pending_payment", where="pending_no IS NOT NULL"),
            PartialIndex(
                fields=("collect_at", "id"),
                name="bill_collect",
                where="collect_at IS NOT NULL AND listed_fen IS NOT NULL",
            ),
        )
        constraints = (
            CheckConstraint(
                check=one_of("state", "open", "partly_paid", "paid", "void", "written_off"), name="bill_state"
            ),
            CheckConstraint(
                check=one_of("collect_mode", "full", "partial", "instalments"), name="bill_collect_mode"
            ),
            CheckConstraint(
                check="amount_fen > 0 AND paid_fen BETWEEN 0 AND amount_fen AND refunded_fen BETWEEN 0 AND paid_fen",
                name="bill_amounts",
            ),
            CheckConstraint(
                check="reduced_fen = 0 OR reduced_fen > 0 AND source LIKE 'order:%'", name="bill_reduced"
            ),
            CheckConstraint(check="(state = 'paid') = (paid_fen = amount_fen)", name="bill_paid"),
            CheckConstraint(check="state <> 'open' OR paid_fen = 0", name="bill_open"),
            CheckConstraint(check="(paid_at IS NOT NULL) = (state = 'paid')", name="bill_paid_at"),
            CheckConstraint(
                check="pending_no IS NULL OR " + one_of("state", "open", "partly_paid"), name="bill_pending"
            ),
            CheckConstraint(
                check="manual_because IS NULL OR NOT automatic AND "
                + one_of("manual_because", "refunded", "review_rejected", "review_expired"),
                name="bill_manual_because",
            ),
            CheckConstraint(check="voided_at IS NULL OR state = 'void'", name="bill_voided_at"),
            CheckConstraint(
                check="(written_off_at IS NOT NULL) = (state = 'written_off')", name="bill_written_off_at"
            ),
            CheckConstraint(
                check="issued_by IS NULL OR NOT automatic OR consent IS NOT NULL", name="bill_consent"
            ),
        )
