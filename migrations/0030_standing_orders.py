"""Orders that come again by a plan, and reservations."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from core.partial_index import PartialIndex
from migrations import _parts, _steps

_STANDING = (
    _parts.table(
        "StandingOrder",
        "standing_order",
        "What a customer has agreed to have delivered how often, and at most for how much; the consent is kept as it was given.",
        [
            _parts.to("Customer", "customer", "standing_orders", db_index=False),
            ("store_id", fields.BigIntField(default=0)),
            ("name", fields.CharField(max_length=60)),
            ("address", fields.JSONField(null=True)),
            ("remark", fields.CharField(max_length=160, default="")),
            ("cycle", fields.CharField(max_length=8)),
            ("schedule", fields.JSONField()),
            ("most_fen", fields.BigIntField()),
            ("expected_fen", fields.BigIntField()),
            ("hours_ahead", fields.IntField()),
            ("state", fields.CharField(max_length=10, default="active")),
            ("started_on", fields.DateField()),
            ("ends_on", fields.DateField(null=True)),
            ("next_day", fields.DateField(null=True)),
            _parts.perhaps("place_at"),
            ("paused_on", fields.DateField(null=True)),
            ("resume_on", fields.DateField(null=True)),
            ("consent_version", fields.CharField(max_length=20)),
            ("consent_text", fields.TextField()),
            _parts.instant("consented_at"),
            ("consent_door", fields.CharField(max_length=16)),
            ("consent_by", fields.CharField(max_length=64, null=True)),
            ("consent_proof", fields.CharField(max_length=200, null=True)),
            _parts.instant("created_at"),
            _parts.perhaps("ended_at"),
        ],
        indexes=[
            Index(fields=["customer_id", "id"], name="standing_order_customer"),
            PartialIndex(fields=["place_at"], name="standing_order_due", where="state = 'active'"),
            PartialIndex(fields=["resume_on"], name="standing_order_paused", where="state = 'paused'"),
        ],
    ),
    *_parts.checks(
        "StandingOrder",
        standing_order_state="state IN ('active', 'paused', 'cancelled', 'ended')",
        standing_order_amount="most_fen > 0 AND expected_fen > 0",
        standing_order_ahead="hours_ahead BETWEEN 0 AND 720",
        standing_order_next="(next_day IS NULL) = (place_at IS NULL)",
        standing_order_pause="(state = 'paused') = (paused_on IS NOT NULL) AND (resume_on IS NULL OR resume_on > paused_on)",
        standing_order_over="(state IN ('cancelled', 'ended')) = (ended_at IS NOT NULL) AND (ended_at IS NULL OR next_day IS NULL)",
        standing_order_door="consent_door IN ('mini_program', 'counter', 'phone', 'paper')",
        standing_order_by="(consent_by IS NULL) = (consent_door = 'mini_program')",
    ),
    _parts.table(
        "StandingLine",
        "standing_line",
        "So many of one SKU at each delivery.",
        [
            _parts.to("StandingOrder", "standing_order", "lines", db_index=False),
            _parts.to("Sku", "sku", "standing_lines"),
            ("quantity", fields.IntField()),
        ],
        unique_together=(("standing_order", "sku"),),
    ),
    *_parts.checks("StandingLine", standing_line_quantity="quantity BETWEEN 1 AND 999"),
    _parts.table(
        "StandingDelivery",
        "standing_delivery",
        "One day of a standing order, from when its order is to be placed to its end.",
        [
            _parts.to("StandingOrder", "standing_order", "deliveries", db_index=False),
            ("day", fields.DateField()),
            ("deliver_on", fields.DateField()),
            ("state", fields.CharField(max_length=10)),
            ("reason", fields.CharField(max_length=60, null=True)),
            ("agreed_fen", fields.BigIntField(null=True)),
            ("most_fen", fields.BigIntField(null=True)),
            ("order_no", fields.CharField(max_length=32, null=True, unique=True)),
            ("amount_fen", fields.BigIntField(null=True)),
            _parts.perhaps("try_at"),
            _parts.instant("created_at"),
            _parts.perhaps("ended_at"),
        ],
        unique_together=(("standing_order", "day"),),
        indexes=[
            Index(fields=["deliver_on", "id"], name="standing_delivery_on"),
            PartialIndex(fields=["try_at", "id"], name="standing_delivery_due", where="try_at IS NOT NULL"),
        ],
    ),
    *_parts.checks(
        "StandingDelivery",
        standing_delivery_state="state IN ('upcoming', 'waiting', 'ordered', 'waived', 'missed')",
        standing_delivery_open="(try_at IS NOT NULL) = (state IN ('upcoming', 'waiting')) AND (ended_at IS NULL) = (try_at IS NOT NULL)",
        standing_delivery_order="(order_no IS NOT NULL) = (state = 'ordered') AND (amount_fen IS NOT NULL) = (state = 'ordered')"
        " AND (most_fen IS NOT NULL) = (state = 'ordered')",
        standing_delivery_reason="(reason IS NOT NULL) = (state IN ('waiting', 'waived', 'missed'))",
        standing_delivery_amount="agreed_fen > 0 AND amount_fen > 0 AND amount_fen <= most_fen",
    ),
    _parts.table(
        "StandingEvent",
        "standing_event",
        "Something that was done to a standing order, in the transaction that did it. Never changed.",
        [
            _parts.to("StandingOrder", "standing_order", "events", db_index=False),
            ("kind", fields.CharField(max_length=12)),
            ("detail", fields.JSONField()),
            ("by", fields.CharField(max_length=64)),
            _parts.instant("at"),
        ],
        indexes=[Index(fields=["standing_order_id", "id"], name="standing_event_of")],
    ),
)
_BOOKINGS = (
    _parts.table(
        "Bookable",
        "bookable",
        "A lesson or visit that customers book a place in, by a weekly timetable.",
        [
            _parts.to("Sku", "sku", "bookables"),
            ("store_id", fields.BigIntField(default=0)),
            ("name", fields.CharField(max_length=60)),
            ("pays", fields.CharField(max_length=16)),
            ("charges_late", fields.BooleanField()),
            ("cancel_hours", fields.IntField()),
            ("remind_hours", fields.IntField(default=0)),
            ("plan_offer_id", fields.BigIntField(null=True)),
            ("timetable", fields.JSONField()),
            ("made_until", fields.DateField(null=True)),
            ("is_open", fields.BooleanField(default=True)),
            ("saved_by", fields.CharField(max_length=64)),
            _parts.instant("created_at"),
        ],
    ),
    *_parts.checks(
        "Bookable",
        bookable_pays="pays IN ('at_booking', 'at_attendance')",
        bookable_hours="cancel_hours BETWEEN 0 AND 720 AND remind_hours BETWEEN 0 AND 720",
        bookable_plan_offer="plan_offer_id IS NULL OR pays = 'at_attendance'",
    ),
    _parts.table(
        "BookingSlot",
        "booking_slot",
        "One time it takes place, with so many places.",
        [
            _parts.to("Bookable", "bookable", "slots", db_index=False),
            _parts.instant("starts_at"),
            _parts.instant("ends_at"),
            ("capacity", fields.IntField()),
            ("taken", fields.IntField(default=0)),
            ("is_open", fields.BooleanField(default=True)),
        ],
        unique_together=(("bookable", "starts_at"),),
        indexes=[Index(fields=["starts_at", "id"], name="booking_slot_at")],
    ),
    *_parts.checks(
        "BookingSlot",
        booking_slot_never_overbooked="taken BETWEEN 0 AND capacity",
        booking_slot_times="starts_at < ends_at",
    ),
    _parts.table(
        "BookingSeries",
        "booking_series",
        "A place every week: which times it was to be, and what became of the wish. Never changed.",
        [
            ("series_no", fields.CharField(max_length=32, unique=True)),
            ("customer_id", fields.BigIntField()),
            _parts.to("Bookable", "bookable", "series", db_index=False),
            ("places", fields.JSONField()),
            ("by", fields.CharField(max_length=64)),
            _parts.instant("created_at"),
        ],
    ),
    _parts.table(
        "Booking",
        "booking",
        "A customer's place in a slot.",
        [
            ("booking_no", fields.CharField(max_length=32, unique=True)),
            _parts.to("BookingSlot", "slot", "bookings", db_index=False),
            _parts.to("Customer", "customer", "bookings", db_index=False),
            ("state", fields.CharField(max_length=10, default="booked")),
            ("price_fen", fields.BigIntField()),
            ("pays", fields.CharField(max_length=16)),
            ("charges_late", fields.BooleanField()),
            ("plan_offer_id", fields.BigIntField(null=True)),
            _parts.instant("free_until"),
            ("bill_no", fields.CharField(max_length=32, null=True, unique=True)),
            ("plan_id", fields.BigIntField(null=True)),
            ("series_no", fields.CharField(max_length=32, null=True)),
            _parts.perhaps("remind_at"),
            _parts.instant("created_at"),
            _parts.perhaps("ended_at"),
        ],
        indexes=[
            Index(fields=["customer_id", "id"], name="booking_customer"),
            Index(fields=["slot_id", "id"], name="booking_of_slot"),
            PartialIndex(fields=["remind_at"], name="booking_remind", where="remind_at IS NOT NULL"),
        ],
    ),
    *_parts.checks(
        "Booking",
        booking_state="state IN ('booked', 'cancelled', 'attended', 'no_show')",
        booking_pays="pays IN ('at_booking', 'at_attendance')",
        booking_price="price_fen > 0",
        booking_ended="(ended_at IS NULL) = (state = 'booked')",
        booking_reminded="remind_at IS NULL OR state = 'booked'",
        booking_paid_once="bill_no IS NULL OR plan_id IS NULL",
        booking_charge="CASE WHEN pays = 'at_booking' THEN bill_no IS NOT NULL"
        " WHEN state = 'booked' THEN bill_no IS NULL AND plan_id IS NULL"
        " WHEN state = 'attended' THEN bill_no IS NOT NULL OR plan_id IS NOT NULL ELSE true END",
    ),
    _parts.table(
        "BookingEvent",
        "booking_event",
        "A step of a booking. Never changed.",
        [
            _parts.to("Booking", "booking", "events", db_index=False),
            ("step", fields.CharField(max_length=10)),
            ("by", fields.CharField(max_length=64)),
            ("note", fields.CharField(max_length=200, default="")),
            _parts.instant("at"),
        ],
        indexes=[Index(fields=["booking_id", "id"], name="booking_event_of")],
    ),
)
_APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {} FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()
"""


class Migration(_steps.Migration):
    dependencies = [("models", "0029_catalogue_2")]

    operations = [
        *_STANDING,
        *_BOOKINGS,
        *(
            ops.RunSQL([_APPEND_ONLY.format(table)])
            for table in ("standing_event", "booking_series", "booking_event")
        ),
    ]
