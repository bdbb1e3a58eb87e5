"""After-sales 售后: goods of an order that are to be refunded, returned or exchanged."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class AfterSale(Model):
    """What a customer wants done about goods of an order, and what became of it."""

    id = fields.BigIntField(primary_key=True)
    return_no = fields.CharField(max_length=32, unique=True)
    order = fields.ForeignKeyField(
        "models.Order", related_name="after_sales", on_delete=fields.RESTRICT, db_index=False
    )
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="after_sales", on_delete=fields.RESTRICT, db_index=False
    )
    kind = fields.CharField(max_length=8)
    state = fields.CharField(max_length=10)
    reason = fields.CharField(max_length=200)
    carrier = fields.CharField(max_length=40, null=True)
    tracking_no = fields.CharField(max_length=64, null=True)
    """Of the parcel that comes back."""
    new_carrier = fields.CharField(max_length=40, null=True)
    new_tracking_no = fields.CharField(max_length=64, null=True)
    """Of the parcel that goes out instead."""
    reject_reason = fields.CharField(max_length=200, null=True)
    approval_no = fields.CharField(max_length=32, null=True)
    """The last time its refund was given to a second person."""
    refund_no = fields.CharField(max_length=32, null=True, unique=True)
    refund_fen = fields.BigIntField(null=True)
    """What went back; 0: nothing was to go back."""
    reduced_fen = fields.BigIntField(default=0, db_default=0)
    """What was taken off what is still owed for an order by instalments."""
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "after_sale"
        indexes = (
            Index(fields=("order_id", "id"), name="after_sale_order"),
            Index(fields=("customer_id", "id"), name="after_sale_customer"),
            Index(fields=("state", "id"), name="after_sale_by_state"),
            PartialIndex(fields=("id",), name="after_sale_open", where="ended_at IS NULL"),
        )
        constraints = (
            CheckConstraint(check="kind IN ('refund', 'return', 'exchange')", name="after_sale_kind"),
            CheckConstraint(
                check="state IN ('asked', 'approved', 'sent_back', 'received', 'done', 'rejected', 'withdrawn')",
                name="after_sale_state",
            ),
            CheckConstraint(
                check="(ended_at IS NOT NULL) = (state IN ('done', 'rejected', 'withdrawn'))",
                name="after_sale_ended",
            ),
            CheckConstraint(
                check="(reject_reason IS NOT NULL) = (state = 'rejected')", name="after_sale_rejected"
            ),
            CheckConstraint(check="refund_fen IS NULL OR state = 'done'", name="after_sale_refund_done"),
            CheckConstraint(
                check="reduced_fen = 0 OR reduced_fen > 0 AND refund_fen IS NOT NULL",
                name="after_sale_reduced",
            ),
            CheckConstraint(
                check="(refund_no IS NOT NULL) = (coalesce(refund_fen, 0) > 0)", name="after_sale_refund"
            ),
            CheckConstraint(
                check="(new_tracking_no IS NOT NULL) = (state = 'done' AND refund_fen IS NULL)",
                name="after_sale_sent_anew",
            ),
            CheckConstraint(
                check="(carrier IS NULL) = (tracking_no IS NULL) AND (new_carrier IS NULL) = (new_tracking_no IS NULL)",
                name="after_sale_parcels",
            ),
        )


class AfterSaleLine(Model):
    """So many of one line of the order."""

    id = fields.BigIntField(primary_key=True)
    after_sale = fields.ForeignKeyField(
        "models.AfterSale", related_name="lines", on_delete=fields.RESTRICT, db_index=False
    )
    line = fields.ForeignKeyField(
        "models.OrderLine", related_name="after_sales", on_delete=fields.RESTRICT, db_index=False
    )
    quantity = fields.IntField()
    most_fen = fields.BigIntField()
    """What may go back for them: their share of what was paid for the line."""
    refund_fen = fields.BigIntField(null=True)
    """Its share of what went back and of what was taken off what is owed."""
    restocked = fields.IntField(default=0)
    written_off = fields.IntField(default=0)

    class Meta:
        table = "after_sale_line"
        indexes = (Index(fields=("line_id",), name="after_sale_line_of"),)
        constraints = (
            UniqueConstraint(fields=("after_sale_id", "line_id"), name="after_sale_line_once"),
            CheckConstraint(check="quantity > 0 AND most_fen >= 0", name="after_sale_line_quantity"),
            CheckConstraint(check="refund_fen BETWEEN 0 AND most_fen", name="after_sale_line_refund"),
            CheckConstraint(
                check="restocked >= 0 AND written_off >= 0 AND (restocked + written_off = 0 OR restocked + written_off = quantity)",
                name="after_sale_line_back",
            ),
        )


class AfterSaleEvent(Model):
    """One step of an after-sale. Never changed."""

    id = fields.BigIntField(primary_key=True)
    after_sale = fields.ForeignKeyField(
        "models.AfterSale", related_name="events", on_delete=fields.RESTRICT, db_index=False
    )
    step = fields.CharField(max_length=12)
    was = fields.CharField(max_length=10, null=True)
    became = fields.CharField(max_length=10)
    by = fields.CharField(max_length=64)
    note = fields.CharField(max_length=200, null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "after_sale_event"
        indexes = (Index(fields=("after_sale_id", "id"), name="after_sale_event_of"),)


class AfterSalePhoto(Model):
    """A photo of what is wrong, as we drew it anew: nothing of the uploaded file but its picture."""

    id = fields.BigIntField(primary_key=True)
    after_sale = fields.ForeignKeyField(
        "models.AfterSale", related_name="pictures", on_delete=fields.RESTRICT, db_index=False
    )
    nth = fields.IntField()
    jpeg = fields.BinaryField()
    file_hash = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()

    class Meta:
        table = "after_sale_photo"
        constraints = (UniqueConstraint(fields=("after_sale_id", "nth"), name="after_sale_photo_nth"),)
