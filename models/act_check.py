"""When the seal of a day of acts was last computed again."""

from tortoise import fields
from tortoise.models import Model


class ActCheck(Model):
    """A sealed day of what operators did (``act_seal``) as it was first seen by a check: one that was sealed anew has another hash."""

    id = fields.BigIntField(primary_key=True)
    day = fields.DateField(unique=True)
    hash = fields.BinaryField()
    checked_at = fields.DatetimeField()

    class Meta:
        table = "act_check"
