"""Changes of what operators have set for a customer."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class SettingChange(Model):
    """One setting of one customer, what it was and what it became. Append-only."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="setting_changes", on_delete=fields.RESTRICT
    )
    setting = fields.CharField(max_length=20)
    before = fields.CharField(max_length=60, null=True)
    after = fields.CharField(max_length=60, null=True)
    operator = fields.CharField(max_length=64)
    changed_at = fields.DatetimeField()

    class Meta:
        table = "setting_change"
        indexes = (Index(fields=("customer_id", "id"), name="setting_change_customer"),)
        constraints = (
            CheckConstraint(
                check="setting IN ('tier', 'is_named', 'burn_policy', 'tag', 'name', 'locale', 'birthday', 'chat')",
                name="setting_change_setting",
            ),
        )
