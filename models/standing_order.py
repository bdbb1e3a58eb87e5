"""Standing orders 周期订购: goods a customer has delivered again and again, by a plan's calendar."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class StandingOrder(Model):
    """What a customer has agreed to have delivered how often, and at most for how much; the consent is kept as it was given."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="standing_orders", on_delete=fields.RESTRICT, db_index=False
    )
    store_id = fields.BigIntField(default=0)
    name = fields.CharField(max_length=60)
    address = fields.JSONField(null=True)
    """Where it goes, as it was when it was named; None: it is fetched. The phone in it is sealed (``core.sealed``)."""
    remark = fields.CharField(max_length=160, default="")
    cycle = fields.CharField(max_length=8)
    schedule = fields.JSONField()
    most_fen = fields.BigIntField()
    """No delivery takes more without another consent."""
    expected_fen = fields.BigIntField()
    """What a delivery came to when it was last priced."""
    hours_ahead = fields.IntField()
    """An order is placed so many hours before the day of its delivery begins."""
    state = fields.CharField(max_length=10, default="active")
    started_on = fields.DateField()
    ends_on = fields.DateField(null=True)
    next_day = fields.DateField(null=True)
    """The first day of the schedule that has no delivery yet; None: there is none any more."""
    place_at = fields.DatetimeField(null=True)
    """When the order of that day is placed."""
    paused_on = fields.DateField(null=True)
    resume_on = fields.DateField(null=True)
    consent_version = fields.CharField(max_length=20)
    consent_text = fields.TextField()
    consented_at = fields.DatetimeField()
    consent_door = fields.CharField(max_length=16)
    consent_by = fields.CharField(max_length=64, null=True)
    consent_proof = fields.CharField(max_length=200, null=True)
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "standing_order"
        indexes = (
            Index(fields=("customer_id", "id"), name="standing_order_customer"),
            PartialIndex(fields=("place_at",), name="standing_order_due", where="state = 'active'"),
            PartialIndex(fields=("resume_on",), name="standing_order_paused", where="state = 'paused'"),
        )
        constraints = (
            CheckConstraint(
                check="starts_with(address ->> 'phone', 's1.')", name="standing_order_address_sealed"
            ),
            CheckConstraint(
                check="state IN ('active', 'paused', 'cancelled', 'ended')", name="standing_order_state"
            ),
            CheckConstraint(check="most_fen > 0 AND expected_fen > 0", name="standing_order_amount"),
            CheckConstraint(check="hours_ahead BETWEEN 0 AND 720", name="standing_order_ahead"),
            CheckConstraint(check="(next_day IS NULL) = (place_at IS NULL)", name="standing_order_next"),
            CheckConstraint(
                check="(state = 'paused') = (paused_on IS NOT NULL) AND (resume_on IS NULL OR resume_on > paused_on)",
                name="standing_order_pause",
            ),
            CheckConstraint(
                check="(state IN ('cancelled', 'ended')) = (ended_at IS NOT NULL) AND (ended_at IS NULL OR next_day IS NULL)",
                name="standing_order_over",
            ),
            CheckConstraint(
                check="consent_door IN ('mini_program', 'counter', 'phone', 'paper')",
                name="standing_order_door",
            ),
            CheckConstraint(
                check="(consent_by IS NULL) = (consent_door = 'mini_program')", name="standing_order_by"
            ),
        )


class StandingLine(Model):
    """So many of one SKU at each delivery."""

    id = fields.BigIntField(primary_key=True)
    standing_order = fields.ForeignKeyField(
        "models.StandingOrder", related_name="lines", on_delete=fields.RESTRICT, db_index=False
    )
    sku = fields.ForeignKeyField("models.Sku", related_name="standing_lines", on_delete=fields.RESTRICT)
    quantity = fields.IntField()

    class Meta:
        table = "standing_line"
        unique_together = (("standing_order", "sku"),)
        constraints = (CheckConstraint(check="quantity BETWEEN 1 AND 999", name="standing_line_quantity"),)


class StandingDelivery(Model):
    """One day of a standing order, from when its order is to be placed to its end.

    ``upcoming`` and ``waiting`` (it was tried, ``reason`` says what is missing) are tried until the day is over; then ``ordered``, ``waived``
    (nobody wants it) or ``missed``.
    """

    id = fields.BigIntField(primary_key=True)
    standing_order = fields.ForeignKeyField(
        "models.StandingOrder", related_name="deliveries", on_delete=fields.RESTRICT, db_index=False
    )
    day = fields.DateField()
    """The schedule's day; it is delivered ``deliver_on``, which closed days may have moved."""
    deliver_on = fields.DateField()
    state = fields.CharField(max_length=10)
    reason = fields.CharField(max_length=60, null=True)
    agreed_fen = fields.BigIntField(null=True)
    """This one may take so much, though it is more than the standing order's most."""
    most_fen = fields.BigIntField(null=True)
    """What it could have come to at most when it was ordered."""
    order_no = fields.CharField(max_length=32, null=True, unique=True)
    amount_fen = fields.BigIntField(null=True)
    try_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "standing_delivery"
        unique_together = (("standing_order", "day"),)
        indexes = (
            Index(fields=("deliver_on", "id"), name="standing_delivery_on"),
            PartialIndex(fields=("try_at", "id"), name="standing_delivery_due", where="try_at IS NOT NULL"),
        )
        constraints = (
            CheckConstraint(
                check="state IN ('upcoming', 'waiting', 'ordered', 'waived', 'missed')",
                name="standing_delivery_state",
            ),
            CheckConstraint(
                check="(try_at IS NOT NULL) = (state IN ('upcoming', 'waiting')) AND (ended_at IS NULL) = (try_at IS NOT NULL)",
                name="standing_delivery_open",
            ),
            CheckConstraint(
                check="(order_no IS NOT NULL) = (state = 'ordered') AND (amount_fen IS NOT NULL) = (state = 'ordered')"
                " AND (most_fen IS NOT NULL) = (state = 'ordered')",
                name="standing_delivery_order",
            ),
            CheckConstraint(
                check="(reason IS NOT NULL) = (state IN ('waiting', 'waived', 'missed'))",
                name="standing_delivery_reason",
            ),
            CheckConstraint(
                check="agreed_fen > 0 AND amount_fen > 0 AND amount_fen <= most_fen",
                name="standing_delivery_amount",
            ),
        )


class StandingEvent(Model):
    """Something that was done to a standing order, in the transaction that did it. Never changed."""

    id = fields.BigIntField(primary_key=True)
    standing_order = fields.ForeignKeyField(
        "models.StandingOrder", related_name="events", on_delete=fields.RESTRICT, db_index=False
    )
    kind = fields.CharField(max_length=12)
    detail = fields.JSONField()
    by = fields.CharField(max_length=64)
    at = fields.DatetimeField()

    class Meta:
        table = "standing_event"
        indexes = (Index(fields=("standing_order_id", "id"), name="standing_event_of"),)
