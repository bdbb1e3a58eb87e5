"""Allocations of money to bills."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.one_of import one_of


class BillPayment(Model):
    """An amount a bill was paid with, and the transfer that moved it.

    No foreign key to ``bill``: who writes here holds the bill's lock, bills are never deleted (trigger ``rows_stay``), and the proof looks for
    orphans.
    """

    id = fields.BigIntField(primary_key=True)
    bill = fields.ForeignKeyField(
        "models.Bill", related_name="payments", on_delete=fields.RESTRICT, db_constraint=False
    )
    tender = fields.CharField(max_length=20)
    amount_fen = fields.BigIntField()
    refunded_fen = fields.BigIntField(default=0)
    refunding_fen = fields.BigIntField(default=0)
    """What refunds under way at the channel have reserved: two of them cannot promise the same money."""
    transfer_reference = fields.CharField(max_length=100, unique=True)
    payment_no = fields.CharField(max_length=32, null=True, unique=True)
    """The attempt at the channel that brought it; None where no channel did. Unique by an index of those that have one (migration 0047)."""
    matched_by = fields.CharField(max_length=16, null=True)
    """The rule by which the shop chose to pay this bill; None: somebody asked for it."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "bill_payment"
        indexes = (Index(fields=("bill_id",), name="bill_payment_bill"),)
        constraints = (
            CheckConstraint(
                check="amount_fen > 0 AND refunded_fen BETWEEN 0 AND amount_fen", name="bill_payment_amounts"
            ),
            CheckConstraint(
                check=one_of("tender", "balance", "wechat_pay", "alipay", "counter"),
                name="bill_payment_tender",
            ),
            CheckConstraint(
                check="(payment_no IS NOT NULL) = (" + one_of("tender", "wechat_pay", "alipay") + ")",
                name="bill_payment_of_channel",
            ),
            CheckConstraint(
                check="refunding_fen >= 0 AND refunded_fen + refunding_fen <= amount_fen",
                name="bill_payment_refunding",
            ),
            CheckConstraint(
                check=one_of("matched_by", "oldest_due", "oldest_issued", "smallest_first", "due_date"),
                name="bill_payment_matched_by",
            ),
        )
