"""Consents to the prepayment agreement."""

from tortoise import fields
from tortoise.models import Model


class AgreementConsent(Model):
    """That a customer agreed to a version when making a top-up: which text, when, and where."""

    id = fields.BigIntField(primary_key=True)
    agreement = fields.ForeignKeyField(
        "models.Agreement", related_name="consents", on_delete=fields.RESTRICT, db_index=False
    )
    top_up_no = fields.CharField(max_length=32, unique=True)
    text_hash = fields.CharField(max_length=64)
    channel = fields.CharField(max_length=20)
    """Where it was given: ``mini_program``."""
    agreed_at = fields.DatetimeField()

    class Meta:
        table = "agreement_consent"
