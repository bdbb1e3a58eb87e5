"""Orders that come again by a plan, and reservations."""

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0029_catalogue_2")]

    operations = []
