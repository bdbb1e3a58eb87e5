"""Delivery addresses 收货地址."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class DeliveryAddress(Model):
    """Where a customer has things sent."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="delivery_addresses", on_delete=fields.RESTRICT, db_index=False
    )
    recipient = fields.CharField(max_length=60)
    phone = fields.CharField(max_length=120)
    """Sealed (``core.sealed``)."""
    region_code = fields.CharField(max_length=6)
    """GB/T 2260, of the district (or of what has none below it)."""
    province = fields.CharField(max_length=30)
    city = fields.CharField(max_length=30)
    district = fields.CharField(max_length=30)
    detail = fields.CharField(max_length=120)
    label = fields.CharField(max_length=10, default="")
    is_default = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()

    class Meta:
        table = "delivery_address"
        indexes = (Index(fields=("customer_id", "id"), name="delivery_address_customer"),)
        constraints = (
            CheckConstraint(check="starts_with(phone, 's1.')", name="delivery_address_sealed"),
            CheckConstraint(check="region_code ~ '^[1-8][0-9]{5}$'", name="delivery_address_region"),
        )
