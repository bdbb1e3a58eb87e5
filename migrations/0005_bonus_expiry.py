"""Bonus may expire: packages and top-ups say after how many days; principal never does."""

from tortoise import fields
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0004_notice_trade")]

    operations = [
        ops.AddField("RechargePackage", "bonus_days", fields.IntField(null=True)),
        ops.AddField("TopUp", "bonus_days", fields.IntField(null=True)),
        ops.AddConstraint(
            "RechargePackage", CheckConstraint(name="package_bonus_days", check="bonus_days > 0")
        ),
        ops.AddConstraint("TopUp", CheckConstraint(name="top_up_bonus_days", check="bonus_days > 0")),
        ops.AddConstraint(
            "Lot",
            CheckConstraint(name="lot_principal_never_expires", check="kind = 'bonus' OR expires_at IS NULL"),
        ),
    ]
