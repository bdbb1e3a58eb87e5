"""Stores 门店."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class Store(Model):
    """One of the merchant's places. Never deleted: packages and top-ups name it by its code."""

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=20, unique=True)
    name = fields.CharField(max_length=60)
    state = fields.CharField(max_length=10, default="open")
    created_at = fields.DatetimeField()

    class Meta:
        table = "store"
        constraints = (CheckConstraint(check="state IN ('open', 'closed')", name="store_state"),)
