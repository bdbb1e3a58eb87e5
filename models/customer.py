"""Customers."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Customer(Model):
    """A person (or company) whose money the shop keeps."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=60)
    locale = fields.CharField(max_length=8, default="zh-CN")
    state = fields.CharField(max_length=10, default="active")
    low_balance_threshold_fen = fields.BigIntField(null=True)
    """An alert is raised when the available balance falls below it; None: never."""
    merged_into_id = fields.BigIntField(null=True)
    """Who the customer is now, where two turned out to be one."""
    tier = fields.CharField(max_length=20, null=True)
    """The code of their tier; a foreign key in the database."""
    is_named = fields.BooleanField(db_default=False)
    """Whether the shop has the name and number of a document or a phone of theirs on file; decides the legal cap."""
    birthday = fields.DateField(null=True)
    """Where they have told it; only its month and day are used."""
    birthday_set_at = fields.DatetimeField(null=True)
    """When they last set it themselves."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "customer"
        indexes = (
            PartialIndex(
                fields=("merged_into_id",), name="customer_merged_into", where="merged_into_id IS NOT NULL"
            ),
        )
        constraints = (
            CheckConstraint(
                check="state IN ('active', 'blocked', 'merged', 'closing', 'closed')", name="customer_state"
            ),
            CheckConstraint(
                check="(merged_into_id IS NOT NULL) = (state = 'merged') AND merged_into_id <> id",
                name="customer_merged",
            ),
            CheckConstraint(check="low_balance_threshold_fen >= 0", name="customer_threshold"),
        )
