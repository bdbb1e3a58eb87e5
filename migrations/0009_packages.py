"""Nothing yet."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [("models", "0008_found_by_their_owner")]

    operations = []
