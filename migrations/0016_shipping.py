"""Nothing yet."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [("models", "0015_set_posting")]

    operations = []
