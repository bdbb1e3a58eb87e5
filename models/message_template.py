"""How operators want messages to read."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class MessageTemplate(Model):
    """One version of the wording of a kind of message for a channel and a language. Append-only; the last one counts."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=30)
    channel = fields.CharField(max_length=20)
    locale = fields.CharField(max_length=8)
    version = fields.IntField()
    content = fields.JSONField(null=True)
    """None: back to the words the house came with."""
    saved_by = fields.CharField(max_length=64)
    saved_at = fields.DatetimeField()

    class Meta:
        table = "message_template"
        unique_together = (("kind", "channel", "locale", "version"),)
        constraints = (CheckConstraint(check="version > 0", name="message_template_version"),)
