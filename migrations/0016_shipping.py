"""WeChat Pay: the address a browser pays from."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0015_set_posting")]

    operations = [ops.AddField("Payment", "client_ip", fields.CharField(max_length=45, null=True))]
