"""Tiers 会员等级."""

from tortoise import fields
from tortoise.models import Model


class Tier(Model):
    """A rank of customers, with its name in both languages. Never deleted: packages and customers name it by its code."""

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=20, unique=True)
    name_zh = fields.CharField(max_length=20)
    name_en = fields.CharField(max_length=20)
    rank = fields.IntField()
    """The higher, the better."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "tier"
