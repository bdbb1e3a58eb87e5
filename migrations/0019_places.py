"""Where a customer was when they asked to pay: what the channel was told of it."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0018_counter")]

    operations = [ops.AddField("Payment", "place", fields.JSONField(null=True))]
