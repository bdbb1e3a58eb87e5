"""Customers in the order of their names are in that of pinyin, not of Unicode's numbers."""

from pathlib import Path

from tortoise.migrations import operations as ops

from migrations import _steps

_SQL = Path(__file__).parent / "sql"


class Migration(_steps.Migration):
    dependencies = [("models", "0050_one_lot_and_alerts")]

    operations = [
        ops.RemoveIndex("Customer", name="customer_by_name"),
        ops.RunSQL([(_SQL / "name_order.sql").read_text("utf-8")]),
        ops.RunSQL(["CREATE INDEX customer_by_name ON customer (name_order(name), id)", "ANALYZE customer"]),
    ]
