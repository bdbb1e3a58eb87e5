"""Who was merged into a customer is found at once: what is counted of a person counts for all the numbers they have had."""

from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from core.partial_index import PartialIndex
from migrations import _steps

_PAID_DEBTS = """
UPDATE points_debt d SET customer_id = c.merged_into_id FROM customer c WHERE c.id = d.customer_id AND c.state = 'merged'
"""
"""Of points that had come back before a merge more may be owed after it, by who was kept."""


class Migration(_steps.Migration):
    dependencies = [("models", "0056_acts_without_generated")]

    operations = [
        ops.AddIndex(
            "Customer",
            PartialIndex(
                fields=["merged_into_id"], name="customer_merged_into", where="merged_into_id IS NOT NULL"
            ),
        ),
        ops.AddIndex("PointsDebt", Index(fields=["customer_id"], name="points_debt_customer")),
        ops.RunSQL([_PAID_DEBTS]),
    ]
