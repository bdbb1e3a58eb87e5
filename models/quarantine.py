"""Money that reached a channel but cannot be credited as it stands."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Quarantine(Model):
    """A paid channel trade that does not match what we asked for: visible to operators until resolved, never lost."""

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=20)
    channel_trade_no = fields.CharField(max_length=64)
    payment_no = fields.CharField(max_length=64)
    """The number the channel named; there may be no payment of ours under it."""
    customer_id = fields.BigIntField(null=True)
    """Whose payment that number is, where it is one of ours: perhaps the one whose money this is."""
    reason = fields.CharField(max_length=30)
    amount_fen = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    booked_fen = fields.BigIntField(default=0)
    """How much of it stands in ``house:suspense`` until it is resolved; 0 where nothing new came in, or in another currency."""
    detail = fields.JSONField()
    state = fields.CharField(max_length=10, default="open")
    resolution = fields.CharField(max_length=10, null=True)
    resolved_by = fields.CharField(max_length=64, null=True)
    resolve_reason = fields.CharField(max_length=200, null=True)
    approval_no = fields.CharField(max_length=32, null=True)
    credited_to_id = fields.BigIntField(null=True)
    refund_no = fields.CharField(max_length=32, null=True, unique=True)
    """Our number at the channel for sending it back."""
    ask_at = fields.DatetimeField(null=True)
    asks = fields.IntField(default=0)
    last_answer = fields.CharField(max_length=200, null=True)
    created_at = fields.DatetimeField()
    resolved_at = fields.DatetimeField(null=True)

    class Meta:
        table = "quarantine"
        indexes = (
            PartialIndex(fields=("id",), name="quarantine_open", where="state <> 'resolved'"),
            PartialIndex(fields=("ask_at",), name="quarantine_ask", where="ask_at IS NOT NULL"),
            PartialIndex(fields=("payment_no",), name="quarantine_payment", where="state <> 'resolved'"),
        )
        constraints = (
            UniqueConstraint(fields=("channel", "channel_trade_no"), name="quarantine_trade"),
            CheckConstraint(
                check="state IN ('open', 'sending', 'stuck', 'resolved')", name="quarantine_state"
            ),
            CheckConstraint(check="booked_fen IN (0, amount_fen)", name="quarantine_booked"),
            CheckConstraint(
                check="resolution IN ('credited', 'sent_back', 'paid_out', 'closed')",
                name="quarantine_resolution",
            ),
            CheckConstraint(
                check="(state = 'resolved') = (resolution IS NOT NULL) AND (state = 'resolved') = (resolved_at IS NOT NULL)",
                name="quarantine_resolved",
            ),
            CheckConstraint(
                check="(credited_to_id IS NOT NULL) = (resolution IS NOT DISTINCT FROM 'credited')",
                name="quarantine_credited",
            ),
            CheckConstraint(
                check="(ask_at IS NOT NULL) = (state = 'sending') AND (state <> 'sending' OR refund_no IS NOT NULL)",
                name="quarantine_asked_while_sending",
            ),
        )
