"""Reservations 预约: what can be booked, when, and who has booked it."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Bookable(Model):
    """A lesson or visit that customers book a place in, by a weekly timetable."""

    id = fields.BigIntField(primary_key=True)
    sku = fields.ForeignKeyField("models.Sku", related_name="bookables", on_delete=fields.RESTRICT)
    """What a place costs."""
    store_id = fields.BigIntField(default=0)
    name = fields.CharField(max_length=60)
    pays = fields.CharField(max_length=16)
    """``at_booking`` from the balance, or ``at_attendance``."""
    charges_late = fields.BooleanField()
    """Whether who cancels too late, or does not come, pays all the same."""
    cancel_hours = fields.IntField()
    remind_hours = fields.IntField(default=0)
    plan_offer_id = fields.BigIntField(null=True)
    """Who has a plan by use of this offer (its first version) uses a unit of it instead."""
    timetable = fields.JSONField()
    made_until = fields.DateField(null=True)
    """Slots are made up to this day."""
    is_open = fields.BooleanField(default=True)
    saved_by = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()

    class Meta:
        table = "bookable"
        constraints = (
            CheckConstraint(check="pays IN ('at_booking', 'at_attendance')", name="bookable_pays"),
            CheckConstraint(
                check="cancel_hours BETWEEN 0 AND 720 AND remind_hours BETWEEN 0 AND 720",
                name="bookable_hours",
            ),
            CheckConstraint(
                check="plan_offer_id IS NULL OR pays = 'at_attendance'", name="bookable_plan_offer"
            ),
        )


class BookingSlot(Model):
    """One time it takes place, with so many places."""

    id = fields.BigIntField(primary_key=True)
    bookable = fields.ForeignKeyField(
        "models.Bookable", related_name="slots", on_delete=fields.RESTRICT, db_index=False
    )
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    capacity = fields.IntField()
    taken = fields.IntField(default=0)
    is_open = fields.BooleanField(default=True)

    class Meta:
        table = "booking_slot"
        unique_together = (("bookable", "starts_at"),)
        indexes = (Index(fields=("starts_at", "id"), name="booking_slot_at"),)
        constraints = (
            CheckConstraint(check="taken BETWEEN 0 AND capacity", name="booking_slot_never_overbooked"),
            CheckConstraint(check="starts_at < ends_at", name="booking_slot_times"),
        )


class BookingSeries(Model):
    """A place every week: which times it was to be, and what became of the wish. Never changed."""

    id = fields.BigIntField(primary_key=True)
    series_no = fields.CharField(max_length=32, unique=True)
    customer_id = fields.BigIntField()
    bookable = fields.ForeignKeyField(
        "models.Bookable", related_name="series", on_delete=fields.RESTRICT, db_index=False
    )
    places = fields.JSONField()
    by = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()

    class Meta:
        table = "booking_series"


class Booking(Model):
    """A customer's place in a slot."""

    id = fields.BigIntField(primary_key=True)
    booking_no = fields.CharField(max_length=32, unique=True)
    slot = fields.ForeignKeyField(
        "models.BookingSlot", related_name="bookings", on_delete=fields.RESTRICT, db_index=False
    )
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="bookings", on_delete=fields.RESTRICT, db_index=False
    )
    state = fields.CharField(max_length=10, default="booked")
    price_fen = fields.BigIntField()
    pays = fields.CharField(max_length=16)
    charges_late = fields.BooleanField()
    plan_offer_id = fields.BigIntField(null=True)
    free_until = fields.DatetimeField()
    """Until then it is cancelled for nothing."""
    bill_no = fields.CharField(max_length=32, null=True, unique=True)
    plan_id = fields.BigIntField(null=True)
    """The plan by use that a unit was taken of."""
    series_no = fields.CharField(max_length=32, null=True)
    remind_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "booking"
        indexes = (
            Index(fields=("customer_id", "id"), name="booking_customer"),
            Index(fields=("slot_id", "id"), name="booking_of_slot"),
            PartialIndex(fields=("remind_at",), name="booking_remind", where="remind_at IS NOT NULL"),
        )
        constraints = (
            CheckConstraint(
                check="state IN ('booked', 'cancelled', 'attended', 'no_show')", name="booking_state"
            ),
            CheckConstraint(check="pays IN ('at_booking', 'at_attendance')", name="booking_pays"),
            CheckConstraint(check="price_fen > 0", name="booking_price"),
            CheckConstraint(check="(ended_at IS NULL) = (state = 'booked')", name="booking_ended"),
            CheckConstraint(check="remind_at IS NULL OR state = 'booked'", name="booking_reminded"),
            CheckConstraint(check="bill_no IS NULL OR plan_id IS NULL", name="booking_paid_once"),
            CheckConstraint(
                check="CASE WHEN pays = 'at_booking' THEN bill_no IS NOT NULL"
                " WHEN state = 'booked' THEN bill_no IS NULL AND plan_id IS NULL"
                " WHEN state = 'attended' THEN bill_no IS NOT NULL OR plan_id IS NOT NULL ELSE true END",
                name="booking_charge",
            ),
        )


class BookingEvent(Model):
    """A step of a booking. Never changed."""

    id = fields.BigIntField(primary_key=True)
    booking = fields.ForeignKeyField(
        "models.Booking", related_name="events", on_delete=fields.RESTRICT, db_index=False
    )
    step = fields.CharField(max_length=10)
    by = fields.CharField(max_length=64)
    note = fields.CharField(max_length=200, default="")
    at = fields.DatetimeField()

    class Meta:
        table = "booking_event"
        indexes = (Index(fields=("booking_id", "id"), name="booking_event_of"),)
