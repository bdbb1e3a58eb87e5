"""Rows that are looked up by what they belong to; PostgreSQL makes no index for a foreign key by itself."""

from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0007_when_entries_were_made")]

    operations = [
        ops.AddIndex("OrderLine", Index(fields=["order_id"], name="order_line_order")),
        ops.AddIndex("BillPayment", Index(fields=["bill_id"], name="bill_payment_bill")),
        ops.AddIndex("Sku", Index(fields=["product_id"], name="sku_product")),
        ops.AddIndex("Identity", Index(fields=["customer_id"], name="identity_customer")),
        ops.AddIndex("TopUp", Index(fields=["customer_id", "id"], name="top_up_customer")),
        ops.AddIndex("Plan", Index(fields=["customer_id", "id"], name="plan_customer")),
    ]
