"""The catalogue: what is sold, in which specifications, at which prices, with which pictures."""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps

_PRODUCT = [
    ops.AddField("Product", "code", fields.CharField(null=True, unique=True, max_length=40)),
    ops.AlterField("Product", "description", fields.CharField(default="", max_length=4000)),
    ops.AddField("Product", "axes", _parts.json(db_default=[])),
    ops.AddField("Product", "lowest_fen", fields.BigIntField(null=True)),
    ops.AddField("Product", "sold", fields.IntField(db_default=0)),
    ops.AddIndex("Product", Index(fields=["sold", "id"], name="product_by_sales")),
    ops.AddIndex("Product", Index(fields=["lowest_fen", "id"], name="product_by_price")),
    *_parts.checks("Product", product_sold="sold >= 0"),
]
_SKU = [
    ops.AddField("Sku", "specs", ArrayField(element_type="text", db_default=[])),
    ops.AddField("Sku", "code", fields.CharField(null=True, unique=True, max_length=40)),
    ops.AddField("Sku", "barcode", fields.CharField(null=True, unique=True, max_length=32)),
    ops.AddField("Sku", "weight_g", fields.IntField(db_default=0)),
    ops.AddField("Sku", "state", fields.CharField(db_default="on_sale", max_length=10)),
    *_parts.checks("Sku", sku_weight="weight_g >= 0", sku_state="state IN ('on_sale', 'withdrawn')"),
    ops.AddConstraint(
        "Sku",
        UniqueConstraint(
            fields=("product_id", "specs"), name="sku_specs", condition="state = 'on_sale' AND specs <> '{}'"
        ),
    ),
]
_CATEGORY = ops.CreateModel(
    name="Category",
    fields=[
        _parts.key(),
        _parts.to("Category", "parent", "children", null=True, db_index=False),
        ("name", fields.CharField(max_length=30)),
        ("sort_order", fields.IntField(default=0)),
        ("is_shown", fields.BooleanField(default=True)),
        ("created_at", fields.DatetimeField()),
    ],
    options={
        "table": "category",
        "app": "models",
        "pk_attr": "id",
        "indexes": [Index(fields=["parent_id"], name="category_parent")],
        "table_description": "A shelf of the catalogue, perhaps within another.",
    },
    bases=["Model"],
)
_PRODUCT_CATEGORY = ops.CreateModel(
    name="ProductCategory",
    fields=[
        _parts.key(),
        _parts.to("Product", "product", "categories", on_delete=OnDelete.CASCADE, db_index=False),
        _parts.to("Category", "category", "products", on_delete=OnDelete.CASCADE, db_index=False),
    ],
    options={
        "table": "product_category",
        "app": "models",
        "pk_attr": "id",
        "indexes": [Index(fields=["product_id"], name="product_category_product")],
        "table_description": "A product stands in a category; it may stand in several.",
    },
    bases=["Model"],
)
_PRICE_RULE = ops.CreateModel(
    name="PriceRule",
    fields=[
        _parts.key(),
        _parts.to("Sku", "sku", "price_rules", db_index=False),
        ("price_fen", fields.BigIntField()),
        ("tier", fields.CharField(null=True, max_length=20)),
        _parts.to("Store", "store", "price_rules", null=True, db_index=False),
        ("from_at", fields.DatetimeField(null=True)),
        ("until_at", fields.DatetimeField(null=True)),
        ("created_by", fields.CharField(max_length=64)),
        ("created_at", fields.DatetimeField()),
        ("ended_by", fields.CharField(null=True, max_length=64)),
        ("ended_at", fields.DatetimeField(null=True)),
    ],
    options={
        "table": "price_rule",
        "app": "models",
        "pk_attr": "id",
        "indexes": [
            PartialIndex(fields=["sku_id", "price_fen"], name="price_rule_of", where="ended_at IS NULL")
        ],
        "table_description": "A lower price of a SKU for a tier, at a store, or for a time. Never changed, only ended.",
    },
    bases=["Model"],
)


class Migration(_steps.Migration):
    dependencies = [("models", "0023_attempts")]

    operations = [
        *_PRODUCT,
        *_SKU,
        _CATEGORY,
        ops.AddConstraint(
            "Category", CheckConstraint(name="category_not_within_itself", check="parent_id <> id")
        ),
        _PRODUCT_CATEGORY,
        ops.AddConstraint(
            "ProductCategory",
            UniqueConstraint(fields=("category_id", "product_id"), name="product_category_once"),
        ),
        _PRICE_RULE,
        *_parts.checks(
            "PriceRule",
            price_rule_price="price_fen > 0",
            price_rule_period="from_at < until_at",
            price_rule_for_something="tier IS NOT NULL OR store_id IS NOT NULL OR from_at IS NOT NULL OR until_at IS NOT NULL",
            price_rule_ended="(ended_at IS NULL) = (ended_by IS NULL)",
        ),
        ops.RunSQL(
            [
                "ALTER TABLE price_rule ADD CONSTRAINT price_rule_tier FOREIGN KEY (tier) REFERENCES tier (code)"
            ],
            ["ALTER TABLE price_rule DROP CONSTRAINT price_rule_tier"],
        ),
    ]
