"""Liability marks."""

from tortoise import fields
from tortoise.models import Model


class LiabilityMark(Model):
    """What was owed to all customers at an instant, added up once, so that what is owed now is that and what has moved since."""

    id = fields.BigIntField(primary_key=True)
    at = fields.DatetimeField(unique=True)
    principal_fen = fields.BigIntField()
    bonus_fen = fields.BigIntField()
    customers = fields.BigIntField()
    """Who had anything."""

    class Meta:
        table = "liability_mark"
        table_description = "What was owed to all customers at an instant, added up once."
