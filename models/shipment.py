"""Shipments 发货 of orders."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Shipment(Model):
    """One parcel of an order: by which carrier, under which number."""

    id = fields.BigIntField(primary_key=True)
    shipment_no = fields.CharField(max_length=32, unique=True)
    order = fields.ForeignKeyField(
        "models.Order", related_name="shipments", on_delete=fields.RESTRICT, db_index=False
    )
    carrier = fields.CharField(max_length=40)
    tracking_no = fields.CharField(max_length=64)
    shipped_by = fields.CharField(max_length=64)
    shipped_at = fields.DatetimeField()

    class Meta:
        table = "shipment"
        indexes = (Index(fields=("order_id", "id"), name="shipment_order"),)
        constraints = (
            UniqueConstraint(fields=("order_id", "carrier", "tracking_no"), name="shipment_tracking"),
        )


class ShipmentLine(Model):
    """So many of one line of the order are in the parcel."""

    id = fields.BigIntField(primary_key=True)
    shipment = fields.ForeignKeyField(
        "models.Shipment", related_name="lines", on_delete=fields.RESTRICT, db_index=False
    )
    line = fields.ForeignKeyField(
        "models.OrderLine", related_name="shipped_in", on_delete=fields.RESTRICT, db_index=False
    )
    quantity = fields.IntField()

    class Meta:
        table = "shipment_line"
        indexes = (Index(fields=("line_id",), name="shipment_line_of"),)
        constraints = (
            UniqueConstraint(fields=("shipment_id", "line_id"), name="shipment_line_once"),
            CheckConstraint(check="quantity > 0", name="shipment_line_quantity"),
        )
