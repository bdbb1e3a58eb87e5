"""The catalogue: what is sold, in which specifications, at which prices, with which pictures."""

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0023_attempts")]

    operations = []
