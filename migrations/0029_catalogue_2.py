"""What the catalogue learnt later."""

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0028_roles")]

    operations = []
