"""Nothing yet."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [("models", "0014_credit_and_rules")]

    operations = []
