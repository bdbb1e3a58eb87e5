"""Nothing yet."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [("models", "0011_channel_tenders")]

    operations = []
