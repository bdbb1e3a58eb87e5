"""Operators' passkeys."""

from tortoise import fields
from tortoise.models import Model


class OperatorPasskey(Model):
    """The public half of a passkey that an operator's device holds."""

    id = fields.BigIntField(primary_key=True)
    operator = fields.ForeignKeyField("models.Operator", related_name="passkeys", on_delete=fields.RESTRICT)
    credential_id = fields.CharField(max_length=1400, unique=True)
    """As the authenticator calls it, in base64url; at most 1023 bytes."""
    public_key = fields.TextField()
    """COSE, in base64url."""
    sign_count = fields.BigIntField()
    """How often it has signed, where it counts that; else 0."""
    name = fields.CharField(max_length=60)
    is_synced = fields.BooleanField()
    created_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "operator_passkey"
