"""One-time codes by which customers confirm where they can be reached."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class AddressCode(Model):
    """A code that was sent to a phone number or an e-mail address, and how often it was guessed at."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="address_codes", on_delete=fields.RESTRICT, db_index=False
    )
    channel = fields.CharField(max_length=20)
    address = fields.CharField(max_length=500)
    """Sealed (``core.sealed``)."""
    address_index = fields.BinaryField()
    """What it is counted by."""
    client = fields.CharField(max_length=64)
    """Where the request for it came from: an IPv4 address, or the /64 of an IPv6 one."""
    code_hash = fields.CharField(max_length=120)
    """Salt and scrypt hash; the code itself is kept nowhere."""
    tries = fields.IntField(default=0)
    sent_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    """When it was used, replaced by the next, or could not be sent."""
    is_used = fields.BooleanField(db_default=False)

    class Meta:
        table = "address_code"
        indexes = (
            Index(fields=("customer_id", "id"), name="address_code_customer"),
            Index(fields=("address_index", "sent_at"), name="address_code_address"),
            Index(fields=("client", "sent_at"), name="address_code_client"),
        )
        constraints = (
            CheckConstraint(check="starts_with(address, 's1.')", name="address_code_sealed"),
            CheckConstraint(check="channel IN ('sms', 'email')", name="address_code_channel"),
            CheckConstraint(check="NOT is_used OR ended_at IS NOT NULL", name="address_code_used"),
            CheckConstraint(check="tries >= 0", name="address_code_tries"),
        )
