"""Idempotency keys of callers."""

from tortoise import fields
from tortoise.models import Model


class RequestKey(Model):
    """The answer given to a caller's key, kept in the transaction of the effect (I5)."""

    id = fields.BigIntField(primary_key=True)
    caller = fields.CharField(max_length=64)
    operation = fields.CharField(max_length=40)
    key = fields.CharField(max_length=64)
    fingerprint = fields.BinaryField()
    answer = fields.JSONField(null=True)
    created_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "request_key"
        unique_together = (("caller", "operation", "key"),)
