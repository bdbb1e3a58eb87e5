"""What operators may do, and in which stores."""

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0027_logistics")]

    operations = []
