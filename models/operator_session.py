"""Sessions of operators."""

from tortoise import fields
from tortoise.models import Model


class OperatorSession(Model):
    """A signed-in operator. Only the token's hash is kept; ending the row ends the session at once."""

    id = fields.BigIntField(primary_key=True)
    operator = fields.ForeignKeyField("models.Operator", related_name="sessions", on_delete=fields.RESTRICT)
    token_hash = fields.CharField(max_length=64, unique=True)
    """SHA-256 of the token, in hex. Another from when the operator has shown again who they are."""
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    address = fields.CharField(max_length=64, db_default="")
    """From where it was opened."""
    place = fields.CharField(max_length=64, db_default="")
    """What a limit by address counts of it: the IPv4 address, or the IPv6 network."""
    user_agent = fields.CharField(max_length=200, db_default="")
    seen_at = fields.DatetimeField(null=True)
    """When it was used last, to the minute."""
    fresh_at = fields.DatetimeField(null=True)
    """When the operator has last shown who they are."""

    class Meta:
        table = "operator_session"
