"""Inbox of the channels' notifications."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class ChannelNotice(Model):
    """A notification as it came, whether it was provably the channel's, and what was made of it. A repeat counts up ``receipts``."""

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=20)
    event_id = fields.CharField(max_length=128)
    """The channel's own number of the event; of one that was refused, a hash of what came."""
    event_type = fields.CharField(max_length=40)
    payment_no = fields.CharField(max_length=64, null=True)
    headers = fields.JSONField()
    body = fields.BinaryField()
    """The bytes as they came."""
    verdict = fields.CharField(max_length=10, default="verified")
    refusal = fields.CharField(max_length=100, null=True)
    """Why it was not taken for the channel's."""
    trade = fields.JSONField(null=True)
    """What it says of a trade, read while the signature was good: handing it in again needs no key."""
    refund = fields.JSONField(null=True)
    """The same of a refund."""
    receipts = fields.IntField(default=1)
    outcome = fields.CharField(max_length=20, null=True)
    """What ``confirm`` said; None: not handled yet (the clock hands a verified one in again)."""
    attempts = fields.IntField(default=0)
    """How often it was acted on."""
    fault = fields.CharField(max_length=200, null=True)
    """What went wrong when it was acted on last."""
    act_at = fields.DatetimeField(null=True)
    """When the clock hands it in again; None once it was handled, or where it was refused."""
    received_at = fields.DatetimeField(db_index=True)
    handled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "channel_notice"
        unique_together = (("channel", "event_id"),)
        indexes = (
            PartialIndex(fields=("act_at",), name="channel_notice_waiting", where="act_at IS NOT NULL"),
            PartialIndex(
                fields=("channel", "id"), name="channel_notice_refused", where="verdict = 'refused'"
            ),
        )
        constraints = (
            CheckConstraint(check="verdict IN ('verified', 'refused')", name="channel_notice_verdict"),
            CheckConstraint(
                check="(refusal IS NOT NULL) = (verdict = 'refused')", name="channel_notice_refusal"
            ),
            CheckConstraint(
                check="(act_at IS NOT NULL) = (verdict = 'verified' AND outcome IS NULL)",
                name="channel_notice_acted_on",
            ),
        )
