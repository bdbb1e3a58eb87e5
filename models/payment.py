"""Payments: attempts at a channel."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Payment(Model):
    """One attempt to be paid through a channel, with its own number and state. Channels never touch what it pays for."""

    id = fields.BigIntField(primary_key=True)
    payment_no = fields.CharField(max_length=32, unique=True)
    """Our number at the channel (``out_trade_no``); never rewritten, never used again."""
    customer = fields.ForeignKeyField("models.Customer", related_name="payments", on_delete=fields.RESTRICT)
    purpose = fields.CharField(max_length=10)
    purpose_no = fields.CharField(max_length=32)
    """Number of the top-up or combined payment it is for."""
    channel = fields.CharField(max_length=20)
    method = fields.CharField(max_length=20)
    amount_fen = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    app_id = fields.CharField(max_length=40)
    merchant_id = fields.CharField(max_length=40)
    payer = fields.CharField(max_length=128, null=True)
    client_ip = fields.CharField(max_length=45, null=True)
    """The customer's address, where the channel wants it; a repeat at the channel names the same."""
    state = fields.CharField(max_length=12, default="created")
    channel_trade_no = fields.CharField(max_length=64, null=True)
    client = fields.JSONField(null=True)
    """What the customer's SDK needs to pay, as the channel prepared it."""
    client_until = fields.DatetimeField(null=True)
    """Until when that works; None: as long as the attempt."""
    place = fields.JSONField(null=True)
    """Where the customer was (client, return_url), as the channel was told; None: nothing was said."""
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    left_at = fields.DatetimeField(null=True)
    """When the customer chose another attempt at the same top-up; this one is closed at its channel since then."""
    ask_at = fields.DatetimeField(null=True)
    """When the clock asks the channel next; None once the outcome is definite."""
    asks = fields.IntField(default=0)
    paid_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payment"
        indexes = (
            Index(fields=("purpose", "purpose_no"), name="payment_purpose"),
            Index(fields=("customer_id", "id"), name="payment_customer"),
            Index(fields=("amount_fen", "id"), name="payment_by_amount"),
            PartialIndex(fields=("ask_at",), name="payment_ask", where="ask_at IS NOT NULL"),
            PartialIndex(fields=("channel", "paid_at"), name="payment_paid_on", where="paid_at IS NOT NULL"),
            PartialIndex(
                fields=("ended_at",),
                name="payment_in_mini_program",
                where="state = 'paid' AND channel = 'wechat_pay' AND method = 'jsapi'",
            ),
        )
        constraints = (
            UniqueConstraint(fields=("channel", "channel_trade_no"), name="payment_channel_trade"),
            UniqueConstraint(
                fields=("purpose", "purpose_no"),
                name="payment_current",
                condition="state IN ('created', 'prepared') AND left_at IS NULL",
            ),
            CheckConstraint(check="purpose IN ('top_up', 'bill')", name="payment_purpose_kind"),
            CheckConstraint(
                check="state IN ('created', 'prepared', 'paid', 'closed', 'quarantined')",
                name="payment_state",
            ),
            CheckConstraint(check="amount_fen > 0", name="payment_amount"),
            CheckConstraint(
                check="state <> 'paid' OR (paid_at IS NOT NULL AND channel_trade_no IS NOT NULL)",
                name="payment_paid",
            ),
            CheckConstraint(
                check="(ask_at IS NULL) = (state NOT IN ('created', 'prepared')) OR state = 'closed'",
                name="payment_asked_while_open",
            ),
        )
