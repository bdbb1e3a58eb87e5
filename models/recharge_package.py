"""Recharge packages 充值套餐."""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
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
    tiers = ArrayField(element_type="text", null=True)
    """Codes of the tiers that may buy it; None: everybody."""
    stores = ArrayField(element_type="text", null=True)
    """Codes of the stores it is sold at; None: everywhere, also where no store is named."""
    from_at = fields.DatetimeField(null=True)
    until_at = fields.DatetimeField(null=True)
    """When it may be bought: from the first instant on, before the second."""
    first_time_only = fields.BooleanField(default=False)
    """Only for who has never topped up before."""
    per_customer = fields.IntField(null=True)
    """How often one customer may buy it."""
    stock = fields.IntField(null=True)
    """How often it is sold in all."""
    sort_order = fields.IntField(default=0)
    """Where it stands in the list: the smallest first, then by what is paid."""
    active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "recharge_package"
        constraints = (
            CheckConstraint(check="pay_fen > 0 AND bonus_fen >= 0", name="package_amounts"),
            CheckConstraint(check="bonus_days > 0", name="package_bonus_days"),
            CheckConstraint(check="from_at < until_at", name="package_period"),
            CheckConstraint(check="per_customer > 0 AND stock > 0", name="package_limits"),
            CheckConstraint(
                check="cardinality(tiers) > 0 AND cardinality(stores) > 0", name="package_for_somebody"
            ),
        )
