"""The prepayment agreement 预付卡协议: its versions."""

from tortoise import fields
from tortoise.models import Model


class Agreement(Model):
    """One version of the text that customers agree to when they top up. Never changed; a new text is a new version."""

    id = fields.BigIntField(primary_key=True)
    version = fields.CharField(max_length=32, unique=True)
    text = fields.TextField()
    text_hash = fields.CharField(max_length=64)
    """SHA-256 of the text, in hexadecimal."""
    operator = fields.CharField(max_length=64)
    published_at = fields.DatetimeField()

    class Meta:
        table = "agreement"
