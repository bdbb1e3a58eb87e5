"""Sessions of operators."""

from tortoise import fields
from tortoise.models import Model


class OperatorSession(Model):
    """A signed-in operator. Only the token's hash is kept; ending the row ends the session at once."""

    id = fields.BigIntField(primary_key=True)
    operator = fields.ForeignKeyField("models.Operator", related_name="sessions", on_delete=fields.RESTRICT)
    token_hash = fields.CharField(max_length=64, unique=True)
    """SHA-256 of the token, in hex."""
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "operator_session"
