"""Where a customer was when they asked to pay: what the channel was told of it."""

from tortoise import fields
from tortoise.migrations import operations as ops

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0018_counter")]

    operations = [ops.AddField("Payment", "place", fields.JSONField(null=True))]
