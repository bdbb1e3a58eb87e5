"""Parcels 包裹 under way, found again by carrier and tracking number, and what their carriers say of them."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Parcel(Model):
    """One parcel that is watched, whatever it is of: a shipment, or goods that come back."""

    id = fields.BigIntField(primary_key=True)
    carrier = fields.CharField(max_length=40)
    tracking_no = fields.CharField(max_length=64)
    phone_end = fields.CharField(max_length=4, null=True)
    """The last four digits of its receiver's number, which some carriers ask for."""
    state = fields.CharField(max_length=12, null=True)
    """How it stands; None: nothing is known yet."""
    state_at = fields.DatetimeField(null=True)
    """When its last step was."""
    is_subscribed = fields.BooleanField(default=False)
    """Whether the aggregator pushes what becomes of it."""
    subscriptions = fields.IntField(default=0)
    """How often it was asked to."""
    next_ask_at = fields.DatetimeField(null=True)
    """When the clock asks about it next. None: no more."""
    trouble = fields.CharField(max_length=200, null=True)
    """What the aggregator said last where it knows nothing of it."""
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "parcel"
        indexes = (
            PartialIndex(fields=("next_ask_at", "id"), name="parcel_due", where="next_ask_at IS NOT NULL"),
        )
        constraints = (
            UniqueConstraint(fields=("carrier", "tracking_no"), name="parcel_number"),
            CheckConstraint(
                check="state IN ('collected', 'in_transit', 'delivering', 'signed', 'trouble', 'rejected', 'returning', 'returned',"
                " 'forwarded', 'customs')",
                name="parcel_state",
            ),
            CheckConstraint(check="(state IS NULL) = (state_at IS NULL)", name="parcel_state_at"),
            CheckConstraint(check="ended_at IS NULL OR next_ask_at IS NULL", name="parcel_ended"),
        )


class ParcelEvent(Model):
    """One step of a parcel, as its carrier words it."""

    id = fields.BigIntField(primary_key=True)
    parcel = fields.ForeignKeyField(
        "models.Parcel", related_name="events", on_delete=fields.RESTRICT, db_index=False
    )
    at = fields.DatetimeField()
    text = fields.CharField(max_length=500)
    state = fields.CharField(max_length=12, null=True)
    area = fields.CharField(max_length=60, null=True)

    class Meta:
        table = "parcel_event"
        constraints = (UniqueConstraint(fields=("parcel_id", "at", "text"), name="parcel_event_once"),)
