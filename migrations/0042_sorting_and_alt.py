"""Lists that can be sorted: customers by name, products by sales and price, orders and payments by amount. What is seen in pictures."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from core.partial_index import PartialIndex
from migrations import _steps

_SORTED = (
    ("Customer", "name", "customer_by_name"),
    ("Product", "sold", "product_all_by_sales"),
    ("Product", "lowest_fen", "product_all_by_price"),
    ("Order", "total_fen", "order_by_total"),
    ("Payment", "amount_fen", "payment_by_amount"),
)


class Migration(_steps.Migration):
    dependencies = [("models", "0041_large_shops")]

    operations = [
        *(ops.AddIndex(model, Index(fields=[column, "id"], name=name)) for model, column, name in _SORTED),
        ops.AddIndex(
            "Order",
            PartialIndex(
                fields=["store_id", "total_fen", "id"], name="order_store_total", where="store_id <> 0"
            ),
        ),
        ops.AddField("ProductImage", "alt", fields.CharField(max_length=200, db_default="")),
    ]
