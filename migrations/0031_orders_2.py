"""What orders learnt later: how many wait for their payment."""

from tortoise.migrations import operations as ops

from core.partial_index import PartialIndex
from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0030_standing_orders")]

    operations = [
        ops.AddIndex(
            "Order", PartialIndex(fields=["customer_id"], name="order_unpaid", where="state = 'placed'")
        ),
    ]
