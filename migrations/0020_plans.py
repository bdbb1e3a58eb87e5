"""What plans need to run by a calendar."""

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0019_places")]

    operations = []
