"""How often signing in has failed."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class SignInLimit(Model):
    """Failures in a row of one login from one place, of one place, or of one login."""

    id = fields.BigIntField(primary_key=True)
    subject = fields.CharField(max_length=64, unique=True)
    """Of what they are; a hash."""
    failures = fields.IntField()
    began_at = fields.DatetimeField()
    """When the first of them was."""
    locked_until = fields.DatetimeField(null=True)

    class Meta:
        table = "sign_in_limit"
        indexes = (Index(fields=("began_at",), name="sign_in_limit_began"),)
