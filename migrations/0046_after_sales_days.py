"""How long after-sales can be asked for, as it was when an order was completed."""

from tortoise import fields
from tortoise.migrations import operations as ops

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0045_chat_menus")]

    operations = [ops.AddField("Order", "after_sales_days", fields.IntField(null=True))]
