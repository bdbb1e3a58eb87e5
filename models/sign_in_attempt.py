"""Who tried to sign in as an operator."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class SignInAttempt(Model):
    """One try, and how it ended. A login that nobody has is not kept: it may be a password in the wrong field."""

    id = fields.BigIntField(primary_key=True)
    operator = fields.ForeignKeyField(
        "models.Operator",
        related_name="sign_in_attempts",
        null=True,
        on_delete=fields.RESTRICT,
        db_index=False,
    )
    way = fields.CharField(max_length=20)
    """By what: ``password``, ``code``, ``recovery_code``, ``passkey``, ``single_sign_on``, ``command_line``."""
    outcome = fields.CharField(max_length=60)
    """``done``, ``half`` (a second factor was asked for), or the code of the refusal."""
    address = fields.CharField(max_length=64)
    user_agent = fields.CharField(max_length=200)
    at = fields.DatetimeField()

    class Meta:
        table = "sign_in_attempt"
        indexes = (
            Index(fields=("operator_id", "id"), name="sign_in_attempt_operator"),
            Index(fields=("at",), name="sign_in_attempt_at"),
        )
