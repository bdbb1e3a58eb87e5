"""Freight, tracking, after-sales; and when dunning asked for an automatic top-up."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps

_FREIGHT = (
    _parts.table(
        "FreightTemplate",
        "freight_template",
        "One set of zones. At most one is the shop's default.",
        [
            ("name", fields.CharField(unique=True, max_length=40)),
            ("charged_by", fields.CharField(max_length=8)),
            ("zones", _parts.json()),
            ("is_default", fields.BooleanField(default=False)),
            ("changed_by", fields.CharField(max_length=64)),
            _parts.instant("changed_at"),
            _parts.perhaps("ended_at"),
        ],
    ),
    _parts.table(
        "ProductFreight",
        "product_freight",
        "The template a product goes by; without a row, the shop's default.",
        [
            _parts.to("Product", "product", "freight", fields.OneToOneField),
            _parts.to("FreightTemplate", "template", "products"),
        ],
    ),
    ops.AddConstraint(
        "FreightTemplate",
        UniqueConstraint(fields=("is_default",), name="freight_template_default", condition="is_default"),
    ),
    *_parts.checks(
        "FreightTemplate",
        freight_template_charged_by="charged_by IN ('weight', 'pieces')",
        freight_template_ended="NOT (is_default AND ended_at IS NOT NULL)",
    ),
)


_TRACKING = (
    _parts.table(
        "Parcel",
        "parcel",
        "One parcel that is watched, whatever it is of: a shipment, or goods that come back.",
        [
            ("carrier", fields.CharField(max_length=40)),
            ("tracking_no", fields.CharField(max_length=64)),
            ("phone_end", fields.CharField(null=True, max_length=4)),
            ("state", fields.CharField(null=True, max_length=12)),
            _parts.perhaps("state_at"),
            ("is_subscribed", fields.BooleanField(default=False)),
            ("subscriptions", fields.IntField(default=0)),
            _parts.perhaps("next_ask_at"),
            ("trouble", fields.CharField(null=True, max_length=200)),
            _parts.instant("created_at"),
            _parts.perhaps("ended_at"),
        ],
        indexes=[
            PartialIndex(fields=["next_ask_at", "id"], name="parcel_due", where="next_ask_at IS NOT NULL")
        ],
    ),
    _parts.table(
        "ParcelEvent",
        "parcel_event",
        "One step of a parcel, as its carrier words it.",
        [
            _parts.to("Parcel", "parcel", "events", db_index=False),
            _parts.instant("at"),
            ("text", fields.CharField(max_length=500)),
            ("state", fields.CharField(null=True, max_length=12)),
            ("area", fields.CharField(null=True, max_length=60)),
        ],
    ),
    ops.AddConstraint("Parcel", UniqueConstraint(fields=("carrier", "tracking_no"), name="parcel_number")),
    ops.AddConstraint(
        "ParcelEvent", UniqueConstraint(fields=("parcel_id", "at", "text"), name="parcel_event_once")
    ),
    *_parts.checks(
        "Parcel",
        parcel_state="state IN ('collected', 'in_transit', 'delivering', 'signed', 'trouble', 'rejected', 'returning', 'returned',"
        " 'forwarded', 'customs')",
        parcel_state_at="(state IS NULL) = (state_at IS NULL)",
        parcel_ended="ended_at IS NULL OR next_ask_at IS NULL",
    ),
)


_AFTER_SALES = (
    _parts.table(
        "AfterSale",
        "after_sale",
        "What a customer wants done about goods of an order, and what became of it.",
        [
            ("return_no", fields.CharField(unique=True, max_length=32)),
            _parts.to("Order", "order", "after_sales", db_index=False),
            _parts.to("Customer", "customer", "after_sales", db_index=False),
            ("kind", fields.CharField(max_length=8)),
            ("state", fields.CharField(max_length=10)),
            ("reason", fields.CharField(max_length=200)),
            ("carrier", fields.CharField(null=True, max_length=40)),
            ("tracking_no", fields.CharField(null=True, max_length=64)),
            ("new_carrier", fields.CharField(null=True, max_length=40)),
            ("new_tracking_no", fields.CharField(null=True, max_length=64)),
            ("reject_reason", fields.CharField(null=True, max_length=200)),
            ("approval_no", fields.CharField(null=True, max_length=32)),
            ("refund_no", fields.CharField(null=True, unique=True, max_length=32)),
            ("refund_fen", fields.BigIntField(null=True)),
            _parts.instant("created_at"),
            _parts.perhaps("ended_at"),
        ],
        indexes=[
            Index(fields=["order_id", "id"], name="after_sale_order"),
            Index(fields=["customer_id", "id"], name="after_sale_customer"),
            Index(fields=["state", "id"], name="after_sale_by_state"),
            PartialIndex(fields=["id"], name="after_sale_open", where="ended_at IS NULL"),
        ],
    ),
    _parts.table(
        "AfterSaleLine",
        "after_sale_line",
        "So many of one line of the order.",
        [
            _parts.to("AfterSale", "after_sale", "lines", db_index=False),
            _parts.to("OrderLine", "line", "after_sales", db_index=False),
            ("quantity", fields.IntField()),
            ("most_fen", fields.BigIntField()),
            ("refund_fen", fields.BigIntField(null=True)),
            ("restocked", fields.IntField(default=0)),
            ("written_off", fields.IntField(default=0)),
        ],
        indexes=[Index(fields=["line_id"], name="after_sale_line_of")],
    ),
    _parts.table(
        "AfterSaleEvent",
        "after_sale_event",
        "One step of an after-sale. Never changed.",
        [
            _parts.to("AfterSale", "after_sale", "events", db_index=False),
            ("step", fields.CharField(max_length=12)),
            ("was", fields.CharField(null=True, max_length=10)),
            ("became", fields.CharField(max_length=10)),
            ("by", fields.CharField(max_length=64)),
            ("note", fields.CharField(null=True, max_length=200)),
            _parts.instant("at"),
        ],
        indexes=[Index(fields=["after_sale_id", "id"], name="after_sale_event_of")],
    ),
    _parts.table(
        "AfterSalePhoto",
        "after_sale_photo",
        "A photo of what is wrong, as we drew it anew: nothing of the uploaded file but its picture.",
        [
            _parts.to("AfterSale", "after_sale", "pictures", db_index=False),
            ("nth", fields.IntField()),
            ("jpeg", fields.BinaryField()),
            ("file_hash", fields.CharField(max_length=64)),
            _parts.instant("created_at"),
        ],
    ),
    ops.AddConstraint(
        "AfterSaleLine", UniqueConstraint(fields=("after_sale_id", "line_id"), name="after_sale_line_once")
    ),
    ops.AddConstraint(
        "AfterSalePhoto", UniqueConstraint(fields=("after_sale_id", "nth"), name="after_sale_photo_nth")
    ),
    *_parts.checks(
        "AfterSale",
        after_sale_kind="kind IN ('refund', 'return', 'exchange')",
        after_sale_state="state IN ('asked', 'approved', 'sent_back', 'received', 'done', 'rejected', 'withdrawn')",
        after_sale_ended="(ended_at IS NOT NULL) = (state IN ('done', 'rejected', 'withdrawn'))",
        after_sale_rejected="(reject_reason IS NOT NULL) = (state = 'rejected')",
        after_sale_refund_done="refund_fen IS NULL OR state = 'done'",
        after_sale_refund="(refund_no IS NOT NULL) = (coalesce(refund_fen, 0) > 0)",
        after_sale_sent_anew="(new_tracking_no IS NOT NULL) = (state = 'done' AND refund_fen IS NULL)",
        after_sale_parcels="(carrier IS NULL) = (tracking_no IS NULL) AND (new_carrier IS NULL) = (new_tracking_no IS NULL)",
    ),
    *_parts.checks(
        "AfterSaleLine",
        after_sale_line_quantity="quantity > 0 AND most_fen >= 0",
        after_sale_line_refund="refund_fen BETWEEN 0 AND most_fen",
        after_sale_line_back="restocked >= 0 AND written_off >= 0 AND (restocked + written_off = 0 OR restocked + written_off = quantity)",
    ),
    ops.RunSQL(
        [
            "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON after_sale_event "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()"
        ]
    ),
)


class Migration(_steps.Migration):
    dependencies = [("models", "0026_members")]

    operations = [
        ops.AddField("DunningCase", *_parts.perhaps("top_up_asked_at")),
        ops.AddIndex(
            "DunningCase",
            PartialIndex(
                fields=["id"],
                name="dunning_case_unasked",
                where="state = 'open' AND tries = 1 AND top_up_asked_at IS NULL",
            ),
        ),
        *_FREIGHT,
        *_TRACKING,
        *_AFTER_SALES,
    ]
