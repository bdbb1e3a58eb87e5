"""Accounts of the books: one row per customer and currency, and one per house account."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.one_of import one_of


class Account(Model):
    """A place money can be. Only ``ledger`` writes here.

    A customer's row carries the materialised balances and is the only row a payment locks. House rows (channel clearing,
    revenue, …) carry none: their balance is the sum of their postings, so they are never a hot row.
    """

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=64, unique=True)
    """``customer:42`` or ``house:revenue``; what every other room and table knows."""
    kind = fields.CharField(max_length=10)
    currency = fields.CharField(max_length=3)
    principal_fen = fields.BigIntField(default=0)
    bonus_fen = fields.BigIntField(default=0)
    held_fen = fields.BigIntField(default=0)
    credit_limit_fen = fields.BigIntField(default=0)
    """How much principal the customer may draw on credit; what is drawn and not paid back is ``credit_used_fen``."""
    credit_used_fen = fields.BigIntField(default=0, db_default=0)
    credit_automatic_only = fields.BooleanField(default=False, db_default=False)
    """Whether only deductions the clock makes may draw on it."""
    entry_no = fields.BigIntField(default=0)
    """How many entries the account has; the last one's number."""
    burn_policy = fields.CharField(max_length=20, default="bonus_first")
    created_at = fields.DatetimeField()

    class Meta:
        table = "account"
        constraints = (
            CheckConstraint(check=one_of("kind", "customer", "house"), name="account_kind"),
            CheckConstraint(
                check="principal_fen >= 0 AND bonus_fen >= 0 AND held_fen >= 0 AND credit_limit_fen >= 0",
                name="account_not_negative",
            ),
            CheckConstraint(check="principal_fen + bonus_fen - held_fen >= 0", name="account_available"),
            CheckConstraint(
                check="credit_used_fen BETWEEN 0 AND credit_limit_fen", name="account_credit_used"
            ),
            CheckConstraint(
                check=one_of("burn_policy", "bonus_first", "principal_first", "pro_rata", "earliest_expiry"),
                name="account_burn_policy",
            ),
        )
