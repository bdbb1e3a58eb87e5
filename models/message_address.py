"""Where customers can be reached outside WeChat."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class MessageAddress(Model):
    """The phone number or e-mail address of a customer."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="message_addresses", on_delete=fields.RESTRICT, db_index=False
    )
    channel = fields.CharField(max_length=20)
    address = fields.CharField(max_length=500)
    """Sealed (``core.sealed``)."""
    address_index = fields.BinaryField()
    """What it is found by."""
    refused_at = fields.DatetimeField(null=True)
    """When the other side said for good that nobody is there; nothing is sent there until it is set anew."""
    refusal = fields.CharField(max_length=200, null=True)
    set_by = fields.CharField(max_length=64)
    set_at = fields.DatetimeField()
    confirmed_at = fields.DatetimeField(null=True)
    """When its owner showed that they read what is sent there; None: somebody only said so."""
    confirmed_by = fields.CharField(max_length=20, null=True)

    class Meta:
        table = "message_address"
        unique_together = (("customer_id", "channel"),)
        indexes = (Index(fields=("address_index",), name="message_address_found"),)
        constraints = (
            CheckConstraint(check="starts_with(address, 's1.')", name="message_address_sealed"),
            CheckConstraint(check="channel IN ('sms', 'email')", name="message_address_channel"),
            CheckConstraint(check="(refused_at IS NULL) = (refusal IS NULL)", name="message_address_refused"),
            CheckConstraint(
                check="(confirmed_at IS NULL) = (confirmed_by IS NULL)", name="message_address_confirmed"
            ),
            CheckConstraint(check="confirmed_by IN ('code', 'wechat')", name="message_address_confirmed_by"),
        )
