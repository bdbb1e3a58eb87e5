"""Changes of customers' credit limits."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class CreditLimitChange(Model):
    """Who set a customer's credit limit to what, and why; with the assessment it was set from, as it stood then."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="credit_limit_changes", on_delete=fields.RESTRICT, db_index=False
    )
    limit_before_fen = fields.BigIntField()
    limit_fen = fields.BigIntField()
    automatic_only = fields.BooleanField()
    reason = fields.CharField(max_length=200)
    operator = fields.CharField(max_length=64)
    assessment = fields.JSONField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "credit_limit_change"
        indexes = (Index(fields=("customer_id", "id"), name="credit_limit_change_customer"),)
        constraints = (
            CheckConstraint(
                check="limit_before_fen >= 0 AND limit_fen >= 0", name="credit_limit_change_amounts"
            ),
        )
