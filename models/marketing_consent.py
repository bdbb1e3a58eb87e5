"""Agreements to marketing, and their withdrawals."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class MarketingConsent(Model):
    """One time a customer said yes or no to marketing. Append-only; the last one counts."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="marketing_consents", on_delete=fields.RESTRICT, db_index=False
    )
    agreed = fields.BooleanField()
    wording = fields.CharField(max_length=300)
    """What they were shown when they agreed."""
    door = fields.CharField(max_length=20)
    """Where they said so: ``mini_program``, ``chat``, ``counter``."""
    by = fields.CharField(max_length=64)
    at = fields.DatetimeField()

    class Meta:
        table = "marketing_consent"
        indexes = (Index(fields=("customer_id", "id"), name="marketing_consent_customer"),)
