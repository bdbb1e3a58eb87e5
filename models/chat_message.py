"""Messages and events the WeChat platform pushed to us."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class ChatMessage(Model):
    """A pushed message, kept so that a repeat of it gets the same reply and has no second effect."""

    id = fields.BigIntField(primary_key=True)
    app_id = fields.CharField(max_length=40)
    dedup_key = fields.CharField(max_length=200)
    """``MsgId`` of a message; sender, time and event of an event."""
    openid = fields.CharField(max_length=128)
    kind = fields.CharField(max_length=40)
    content = fields.TextField()
    reply = fields.TextField(null=True)
    received_at = fields.DatetimeField()

    class Meta:
        table = "chat_message"
        unique_together = (("app_id", "dedup_key"),)
        indexes = (Index(fields=("openid", "received_at"), name="chat_message_person"),)
