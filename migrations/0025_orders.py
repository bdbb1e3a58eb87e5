"""Carts, stock by store, orders step by step, shipments."""

from pathlib import Path

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps

_SQL = Path(__file__).parent / "sql"


_STOCK = (
    ops.RemoveConstraint("Sku", "sku_never_oversold"),
    ops.RemoveField("Sku", "stock"),
    _parts.table(
        "Stock",
        "stock",
        "How much of a SKU a store has, and how much of that is promised to orders. What is left can be ordered.",
        [
            _parts.to("Sku", "sku", "stocks", db_index=False),
            ("store_id", fields.BigIntField(default=0)),
            ("on_hand", fields.IntField()),
            ("reserved", fields.IntField(default=0)),
            ("low_at", fields.IntField(null=True)),
        ],
    ),
    ops.AddConstraint("Stock", UniqueConstraint(fields=("sku_id", "store_id"), name="stock_of_a_store")),
    *_parts.checks(
        "Stock", stock_never_oversold="reserved BETWEEN 0 AND on_hand", stock_low_at="low_at >= 0"
    ),
    _parts.table(
        "StockMovement",
        "stock_movement",
        "One change of what a store has of a SKU: by whom, why, and what there was then. Never changed.",
        [
            _parts.to("Sku", "sku", "movements", db_index=False),
            ("store_id", fields.BigIntField(default=0)),
            ("kind", fields.CharField(max_length=12)),
            ("change", fields.IntField()),
            ("on_hand_after", fields.IntField()),
            ("by", fields.CharField(max_length=64)),
            ("reason", fields.CharField(max_length=200, default="")),
            ("reference", fields.CharField(max_length=64, null=True)),
            ("created_at", fields.DatetimeField()),
        ],
        indexes=[Index(fields=["sku_id", "id"], name="stock_movement_sku")],
    ),
    *_parts.checks(
        "StockMovement",
        stock_movement_kind="kind IN ('opened', 'adjusted', 'counted', 'shipped', 'handed_over', 'returned')",
        stock_movement_change="change <> 0 AND on_hand_after >= 0",
    ),
)
_ORDERS = (
    ops.AddField("Order", "store_id", fields.BigIntField(default=0)),
    ops.AddField("Order", "goods_fen", fields.BigIntField()),
    ops.AddField("Order", "discount_fen", fields.BigIntField(default=0)),
    ops.AddField("Order", "freight_fen", fields.BigIntField(default=0)),
    ops.AddField("Order", "tax_fen", fields.BigIntField(default=0)),
    ops.AddField("Order", "discounts", fields.JSONField(null=True)),
    ops.AddField("Order", "address", fields.JSONField(null=True)),
    ops.AddField("Order", "remark", fields.CharField(max_length=200, default="")),
    ops.AddField("Order", "shipped_at", fields.DatetimeField(null=True)),
    ops.AddField("Order", "completes_at", fields.DatetimeField(null=True)),
    ops.AddField("Order", "hidden_at", fields.DatetimeField(null=True)),
    ops.RemoveConstraint("Order", "order_state"),
    ops.RemoveConstraint("Order", "order_total"),
    *_parts.checks(
        "Order",
        order_state="state IN ('placed', 'paid', 'confirmed', 'shipping', 'shipped', 'completed', 'cancelled')",
        order_total="total_fen > 0 AND total_fen = goods_fen - discount_fen + freight_fen",
        order_amounts="discount_fen BETWEEN 0 AND goods_fen AND freight_fen >= 0 AND tax_fen BETWEEN 0 AND total_fen",
        order_completes="state <> 'shipped' OR completes_at IS NOT NULL",
    ),
    ops.AddIndex(
        "Order", PartialIndex(fields=["completes_at"], name="order_completing", where="state = 'shipped'")
    ),
    ops.AddIndex(
        "Order",
        PartialIndex(
            fields=["state", "id"], name="order_at_work", where="state NOT IN ('completed', 'cancelled')"
        ),
    ),
    ops.AddIndex("Order", PartialIndex(fields=["store_id", "id"], name="order_store", where="store_id <> 0")),
    ops.AddField("OrderLine", "list_fen", fields.BigIntField()),
    ops.AddField("OrderLine", "discount_fen", fields.BigIntField(default=0)),
    ops.AddField("OrderLine", "reserved", fields.IntField()),
    ops.AddField("OrderLine", "shipped", fields.IntField(default=0)),
    *_parts.checks(
        "OrderLine",
        order_line_prices="price_fen BETWEEN 1 AND list_fen AND discount_fen BETWEEN 0 AND amount_fen",
        order_line_stock="reserved >= 0 AND shipped >= 0 AND reserved + shipped <= quantity",
    ),
    ops.AddIndex(
        "OrderLine", PartialIndex(fields=["sku_id"], name="order_line_reserved", where="reserved > 0")
    ),
    _parts.table(
        "OrderEvent",
        "order_event",
        "One step of an order: from which state to which, who, when, and what was noted. Never changed.",
        [
            _parts.to("Order", "order", "events", db_index=False),
            ("step", fields.CharField(max_length=12)),
            ("was", fields.CharField(max_length=10, null=True)),
            ("became", fields.CharField(max_length=10)),
            ("by", fields.CharField(max_length=64)),
            ("note", fields.CharField(max_length=200, null=True)),
            ("at", fields.DatetimeField()),
        ],
        indexes=[Index(fields=["order_id", "id"], name="order_event_order")],
    ),
)
_SHIPMENTS = (
    _parts.table(
        "Shipment",
        "shipment",
        "One parcel of an order: by which carrier, under which number.",
        [
            ("shipment_no", fields.CharField(max_length=32, unique=True)),
            _parts.to("Order", "order", "shipments", db_index=False),
            ("carrier", fields.CharField(max_length=40)),
            ("tracking_no", fields.CharField(max_length=64)),
            ("shipped_by", fields.CharField(max_length=64)),
            ("shipped_at", fields.DatetimeField()),
        ],
        indexes=[Index(fields=["order_id", "id"], name="shipment_order")],
    ),
    ops.AddConstraint(
        "Shipment", UniqueConstraint(fields=("order_id", "carrier", "tracking_no"), name="shipment_tracking")
    ),
    _parts.table(
        "ShipmentLine",
        "shipment_line",
        "So many of one line of the order are in the parcel.",
        [
            _parts.to("Shipment", "shipment", "lines", db_index=False),
            _parts.to("OrderLine", "line", "shipped_in", db_index=False),
            ("quantity", fields.IntField()),
        ],
        indexes=[Index(fields=["line_id"], name="shipment_line_of")],
    ),
    ops.AddConstraint(
        "ShipmentLine", UniqueConstraint(fields=("shipment_id", "line_id"), name="shipment_line_once")
    ),
    *_parts.checks("ShipmentLine", shipment_line_quantity="quantity > 0"),
)
_CARTS = (
    _parts.table(
        "CartLine",
        "cart_line",
        "So many of one SKU a customer has put aside to order. Nothing is reserved by that.",
        [
            _parts.to("Customer", "customer", "cart", db_index=False),
            _parts.to("Sku", "sku", "in_carts", db_index=False),
            ("quantity", fields.IntField()),
            ("chosen", fields.BooleanField(default=True)),
            ("added_at", fields.DatetimeField()),
        ],
    ),
    ops.AddConstraint(
        "CartLine", UniqueConstraint(fields=("customer_id", "sku_id"), name="cart_line_of_a_sku")
    ),
    *_parts.checks("CartLine", cart_line_quantity="quantity BETWEEN 1 AND 999"),
)


_APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {} FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()
"""


class Migration(_steps.Migration):
    dependencies = [("models", "0024_catalogue")]

    operations = [
        *_STOCK,
        *_ORDERS,
        *_SHIPMENTS,
        *_CARTS,
        ops.RunSQL([(_SQL / "stock_move.sql").read_text("utf-8")]),
        ops.RunSQL([(_SQL / "orders_place.sql").read_text("utf-8")]),
        ops.RunSQL([(_SQL / "orders_buy.sql").read_text("utf-8")]),
        ops.RunSQL(["ALTER TABLE stock SET (fillfactor = 70)"]),
        ops.RunSQL([_APPEND_ONLY.format(table) for table in ("order_event", "stock_movement")]),
    ]
