"""Quota of subscribe messages."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class SubscribeQuota(Model):
    """How many subscribe messages of one template a person still accepts: one accept is one send."""

    id = fields.BigIntField(primary_key=True)
    app_id = fields.CharField(max_length=40)
    openid = fields.CharField(max_length=128)
    template_id = fields.CharField(max_length=64)
    remaining = fields.IntField(default=0)
    updated_at = fields.DatetimeField()

    class Meta:
        table = "subscribe_quota"
        unique_together = (("app_id", "openid", "template_id"),)
        constraints = (CheckConstraint(check="remaining >= 0", name="subscribe_quota_remaining"),)
