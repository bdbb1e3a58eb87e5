"""Freight, tracking, after-sales; and when dunning asked for an automatic top-up."""

from typing import Any

from tortoise import fields
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps


def _instant(name: str) -> tuple[str, Any]:
    return (name, fields.DatetimeField(auto_now=False, auto_now_add=False))


def _perhaps(name: str) -> tuple[str, Any]:
    return (name, fields.DatetimeField(null=True, auto_now=False, auto_now_add=False))


def _table(
    name: str, table: str, about: str, columns: list[tuple[str, Any]], **more: object
) -> ops.CreateModel:
    options = {"table": table, "app": "models", "pk_attr": "id", "table_description": about, **more}
    return ops.CreateModel(name=name, fields=[_parts.key(), *columns], options=options, bases=["Model"])


_FREIGHT = (
    _table(
        "FreightTemplate",
        "freight_template",
        "One set of zones. At most one is the shop's default.",
        [
            ("name", fields.CharField(unique=True, max_length=40)),
            ("charged_by", fields.CharField(max_length=8)),
            ("zones", _parts.json()),
            ("is_default", fields.BooleanField(default=False)),
            ("changed_by", fields.CharField(max_length=64)),
            _instant("changed_at"),
            _perhaps("ended_at"),
        ],
    ),
    _table(
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
    _table(
        "Parcel",
        "parcel",
        "One parcel that is watched, whatever it is of: a shipment, or goods that come back.",
        [
            ("carrier", fields.CharField(max_length=40)),
            ("tracking_no", fields.CharField(max_length=64)),
            ("phone_end", fields.CharField(null=True, max_length=4)),
            ("state", fields.CharField(null=True, max_length=12)),
            _perhaps("state_at"),
            ("is_subscribed", fields.BooleanField(default=False)),
            ("subscriptions", fields.IntField(default=0)),
            _perhaps("next_ask_at"),
            ("trouble", fields.CharField(null=True, max_length=200)),
            _instant("created_at"),
            _perhaps("ended_at"),
        ],
        indexes=[
            PartialIndex(fields=["next_ask_at", "id"], name="parcel_due", where="next_ask_at IS NOT NULL")
        ],
    ),
    _table(
        "ParcelEvent",
        "parcel_event",
        "One step of a parcel, as its carrier words it.",
        [
            _parts.to("Parcel", "parcel", "events", db_index=False),
            _instant("at"),
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


class Migration(_steps.Migration):
    dependencies = [("models", "0026_members")]

    operations = [
        ops.AddField("DunningCase", *_perhaps("top_up_asked_at")),
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
    ]
