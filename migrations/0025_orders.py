"""Carts, stock by store, orders step by step, shipments."""

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0024_catalogue")]

    operations = []
