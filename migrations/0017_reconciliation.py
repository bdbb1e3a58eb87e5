"""Nothing yet."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [("models", "0016_shipping")]

    operations = []
