"""Terms that operators chose otherwise than the settings' file."""

from tortoise import fields
from tortoise.models import Model


class ShopSetting(Model):
    """One of the shop's terms (``billing.terms``) as operators chose it. Rows stay: one that is as in the file again has no value."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=60, unique=True)
    value: fields.Field = fields.JSONField(null=True)  # type: ignore[type-arg]

    class Meta:
        table = "shop_setting"
