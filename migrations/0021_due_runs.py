"""What runs of the clock remember."""

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0020_plans")]

    operations = []
