"""How messages are delivered and to whom."""

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0021_due_runs")]

    operations = []
