"""Inbox of payment notifications."""

from tortoise import fields
from tortoise.models import Model

from core.partial_index import PartialIndex


class ChannelNotice(Model):
    """A verified notification as it came, and what was made of it. A repeat counts up ``receipts``."""

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=20)
    event_id = fields.CharField(max_length=128)
    event_type = fields.CharField(max_length=40)
    payment_no = fields.CharField(max_length=64, null=True)
    headers = fields.JSONField()
    body = fields.TextField()
    trade = fields.JSONField(null=True)
    """What it says of a trade, read while the signature was good: handing it in again needs no key."""
    refund = fields.JSONField(null=True)
    """The same of a refund."""
    receipts = fields.IntField(default=1)
    outcome = fields.CharField(max_length=20, null=True)
    """What ``confirm`` said; None: not handled yet (the clock hands it in again)."""
    received_at = fields.DatetimeField(db_index=True)
    handled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "channel_notice"
        unique_together = (("channel", "event_id"),)
        indexes = (
            PartialIndex(fields=("received_at",), name="channel_notice_unhandled", where="outcome IS NULL"),
        )
