"""The steps of orders."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class OrderEvent(Model):
    """One step of an order: from which state to which, who, when, and what was noted. Never changed.

    No foreign key to ``shop_order``: who writes here holds the order's lock, orders are never deleted (trigger ``rows_stay``), and the proof looks
    for orphans.
    """

    id = fields.BigIntField(primary_key=True)
    order = fields.ForeignKeyField(
        "models.Order", related_name="events", on_delete=fields.RESTRICT, db_index=False, db_constraint=False
    )
    step = fields.CharField(max_length=12)
    was = fields.CharField(max_length=10, null=True)
    """None: it was placed."""
    became = fields.CharField(max_length=10)
    by = fields.CharField(max_length=64)
    """``customer:…``, ``operator:…``, ``payment`` or ``clock``."""
    note = fields.CharField(max_length=200, null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "order_event"
        indexes = (Index(fields=("order_id", "id"), name="order_event_order"),)
