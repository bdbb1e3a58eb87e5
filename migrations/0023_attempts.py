"""Several attempts at one payment."""

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0022_messages")]

    operations = []
