"""Inbox of payment notifications."""

from tortoise import fields
from tortoise.models import Model


class ChannelNotice(Model):
    """A verified notification as it came, and what was made of it. A repeat counts up ``receipts``."""

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=20)
    event_id = fields.CharField(max_length=128)
    event_type = fields.CharField(max_length=40)
    payment_no = fields.CharField(max_length=64, null=True)
    headers = fields.JSONField()
    body = fields.TextField()
    receipts = fields.IntField(default=1)
    outcome = fields.CharField(max_length=20, null=True)
    """What ``confirm`` said; None: not handled yet (the clock hands it in again)."""
    received_at = fields.DatetimeField(db_index=True)
    handled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "channel_notice"
        unique_together = (("channel", "event_id"),)
