"""Addresses, tags, points, coupons."""

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0025_orders")]

    operations = []
