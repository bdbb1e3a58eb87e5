"""Rules for fees and commissions."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class FeeRule(Model):
    """A line of a table of rates: what is kept of an amount above ``above_fen`` while the line is in force.

    ``charge``: ``channel`` what a payment channel keeps (``party``: the channel, ``applies_to``: the method or None), ``commission``
    what somebody gets of paid bills (``party``: who, ``applies_to``: what the bills are issued for, or None).
    """

    id = fields.BigIntField(primary_key=True)
    charge = fields.CharField(max_length=10)
    party = fields.CharField(max_length=64)
    applies_to = fields.CharField(max_length=64, null=True)
    above_fen = fields.BigIntField(default=0)
    """The line is for amounts above this, up to the next line's."""
    rate_ppm = fields.IntField(default=0)
    """Millionths of the amount: 6000 are 0.6 %, or 6 per mille."""
    fixed_fen = fields.BigIntField(default=0)
    min_fen = fields.BigIntField(default=0)
    max_fen = fields.BigIntField(null=True)
    from_on = fields.DateField()
    until_on = fields.DateField(null=True)
    """The last day; None: for good."""
    created_by = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()
    ended_by = fields.CharField(max_length=64, null=True)
    """Who ended it, where somebody did after it was made."""

    class Meta:
        table = "fee_rule"
        indexes = (Index(fields=("charge", "party"), name="fee_rule_party"),)
        constraints = (
            CheckConstraint(check="charge IN ('channel', 'commission')", name="fee_rule_charge"),
            CheckConstraint(
                check="above_fen >= 0 AND rate_ppm BETWEEN 0 AND 1000000 AND fixed_fen >= 0 AND min_fen >= 0"
                " AND (max_fen IS NULL OR max_fen >= min_fen)",
                name="fee_rule_amounts",
            ),
            CheckConstraint(check="until_on IS NULL OR until_on >= from_on", name="fee_rule_days"),
        )
