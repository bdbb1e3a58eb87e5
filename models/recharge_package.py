"""Recharge packages 充值套餐."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class RechargePackage(Model):
    """Pay so much, get so much bonus."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=60)
    pay_fen = fields.BigIntField()
    bonus_fen = fields.BigIntField(default=0)
    bonus_days = fields.IntField(null=True)
    """Whole days the bonus lives after the day it is credited; None: it does not expire. Principal never does."""
    active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "recharge_package"
        constraints = (
            CheckConstraint(check="pay_fen > 0 AND bonus_fen >= 0", name="package_amounts"),
            CheckConstraint(check="bonus_days > 0", name="package_bonus_days"),
        )
