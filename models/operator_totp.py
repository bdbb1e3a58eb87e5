"""Operators' one-time codes by time."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class OperatorTotp(Model):
    """The secret that an operator's authenticator app shares with us. Of no force before a code of it was shown."""

    id = fields.BigIntField(primary_key=True)
    operator = fields.OneToOneField("models.Operator", related_name="totp", on_delete=fields.RESTRICT)
    secret = fields.CharField(max_length=400)
    """Sealed."""
    last_step = fields.BigIntField(default=0)
    """The step of time of the last code that was taken; none of it or before it is taken again."""
    created_at = fields.DatetimeField()
    confirmed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "operator_totp"
        constraints = (CheckConstraint(check="starts_with(secret, 's1.')", name="operator_totp_sealed"),)
