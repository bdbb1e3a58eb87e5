"""Shipping reports 发货信息: what the mini-program platform wants to be told of a payment before it lets the money go."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class ShippingReport(Model):
    """One payment made in the mini-program, and whether the platform knows that what was paid for was handed over."""

    id = fields.BigIntField(primary_key=True)
    payment_no = fields.CharField(max_length=32, unique=True)
    channel_trade_no = fields.CharField(max_length=64)
    payer = fields.CharField(max_length=128)
    item = fields.CharField(max_length=120)
    """What was paid for, as the platform shows it to the customer."""
    how = fields.CharField(max_length=10)
    express_company = fields.CharField(max_length=40, null=True)
    tracking_no = fields.CharField(max_length=128, null=True)
    state = fields.CharField(max_length=10, default="due")
    paid_at = fields.DatetimeField()
    next_at = fields.DatetimeField(null=True)
    """When it is uploaded next; None once there is nothing more to do by itself."""
    attempts = fields.IntField(default=0)
    uploads = fields.IntField(default=0)
    """How often the platform took it; it takes a correction once."""
    last_answer = fields.CharField(max_length=200, null=True)
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "shipping_report"
        indexes = (
            Index(fields=("paid_at",), name="shipping_report_paid"),
            PartialIndex(fields=("next_at",), name="shipping_report_next", where="next_at IS NOT NULL"),
        )
        constraints = (
            CheckConstraint(check="how IN ('virtual', 'pick_up', 'express')", name="shipping_report_how"),
            CheckConstraint(
                check="state IN ('due', 'waiting', 'done', 'needless', 'given_up')",
                name="shipping_report_state",
            ),
            CheckConstraint(check="(next_at IS NOT NULL) = (state = 'due')", name="shipping_report_due"),
            CheckConstraint(
                check="(ended_at IS NULL) = (state IN ('due', 'waiting'))", name="shipping_report_ended"
            ),
            CheckConstraint(
                check="(how = 'express') = (express_company IS NOT NULL AND tracking_no IS NOT NULL)",
                name="shipping_report_express",
            ),
        )
