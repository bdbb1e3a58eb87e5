"""Tiers 会员等级."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class Tier(Model):
    """A rank of customers, with its name in both languages. Never deleted: packages and customers name it by its code."""

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=20, unique=True)
    name_zh = fields.CharField(max_length=20)
    name_en = fields.CharField(max_length=20)
    rank = fields.IntField()
    """The higher, the better."""
    spend_fen = fields.BigIntField(null=True)
    """Who has spent so much within ``window_days`` comes to it; None: only an operator gives it."""
    window_days = fields.IntField(default=365)
    keep_days = fields.IntField(default=365)
    """Who came to it keeps it so many days at least."""
    points_percent = fields.IntField(default=100)
    """Their points, in percent of what everybody earns."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "tier"
        constraints = (
            CheckConstraint(
                check="spend_fen > 0 AND window_days BETWEEN 1 AND 3660 AND keep_days BETWEEN 1 AND 3660",
                name="tier_rule",
            ),
            CheckConstraint(check="points_percent BETWEEN 0 AND 10000", name="tier_points"),
        )
