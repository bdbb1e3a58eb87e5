"""What orders learnt later."""

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0030_standing_orders")]

    operations = []
