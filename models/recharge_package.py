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
    active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "recharge_package"
        constraints = (CheckConstraint(check="pay_fen > 0 AND bonus_fen >= 0", name="package_amounts"),)
