"""Conversations with the shop's people, tickets, and what is said about them."""

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0031_orders_2")]

    operations = []
