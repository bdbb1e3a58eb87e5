"""Alerts to the shop's own people."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model


class StaffAlert(Model):
    """Something operators have to look at: raised once, open until what raised it is over."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=30)
    dedup_key = fields.CharField(max_length=120)
    """Names the trouble: while an alert of this key is open, the same trouble raises no other."""
    params = fields.JSONField()
    raised_at = fields.DatetimeField()
    resolved_at = fields.DatetimeField(null=True)

    class Meta:
        table = "staff_alert"
        indexes = (Index(fields=("kind", "id"), name="staff_alert_kind"),)
        constraints = (
            UniqueConstraint(fields=("dedup_key",), name="staff_alert_open", condition="resolved_at IS NULL"),
        )
