"""Freight, tracking, after-sales."""

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0026_members")]

    operations = []
