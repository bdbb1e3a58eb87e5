"""The catalogue: what is sold, in which specifications, at which prices, with which pictures."""

from pathlib import Path

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps

_SQL = Path(__file__).parent / "sql"
_TO_BE_HAD = "state = 'on_shelf' AND lowest_fen IS NOT NULL"
_WORDS = [
    "ALTER TABLE product ADD COLUMN words tsvector NOT NULL DEFAULT ''",
    "UPDATE product SET lowest_fen = (SELECT min(price_fen) FROM sku WHERE product_id = product.id)",
    # a page in an order is found quickest by one of two ways, and which it is hangs on how many products have a word
    "ALTER TABLE product ALTER COLUMN words SET STATISTICS 2000",
    "CREATE INDEX product_words ON product USING gin (words)",
    # what the clock counts as sold is looked for by the day
    "CREATE INDEX order_placed ON shop_order USING brin (placed_at)",
    (_SQL / "catalogue_page.sql").read_text("utf-8"),
]
_PRODUCT = [
    ops.AddField("Product", "code", fields.CharField(null=True, unique=True, max_length=40)),
    ops.AlterField("Product", "description", fields.CharField(default="", max_length=4000)),
    ops.AddField("Product", "axes", _parts.json(db_default=[])),
    ops.AddField("Product", "lowest_fen", fields.BigIntField(null=True)),
    ops.AddField("Product", "sold", fields.IntField(db_default=0)),
    ops.AddIndex("Product", PartialIndex(fields=["id"], name="product_newest", where=_TO_BE_HAD)),
    ops.AddIndex("Product", PartialIndex(fields=["sold", "id"], name="product_by_sales", where=_TO_BE_HAD)),
    ops.AddIndex(
        "Product", PartialIndex(fields=["lowest_fen", "id"], name="product_by_price", where=_TO_BE_HAD)
    ),
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
_PRODUCT_IMAGE = ops.CreateModel(
    name="ProductImage",
    fields=[
        _parts.key(),
        _parts.to("Product", "product", "images", on_delete=OnDelete.CASCADE, db_index=False),
        ("key", fields.CharField(unique=True, max_length=40)),
        ("position", fields.IntField()),
        ("width", fields.IntField()),
        ("height", fields.IntField()),
        ("created_by", fields.CharField(max_length=64)),
        ("created_at", fields.DatetimeField()),
    ],
    options={
        "table": "product_image",
        "app": "models",
        "pk_attr": "id",
        "table_description": "A picture of a product; its files, one for each size, are in the store of images under its key.",
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
        _PRODUCT_IMAGE,
        ops.AddConstraint(
            "ProductImage",
            UniqueConstraint(fields=("product_id", "position"), name="product_image_position"),
        ),
        *_parts.checks("ProductImage", product_image_size="width > 0 AND height > 0"),
        ops.RunSQL(_WORDS),
        ops.RunSQL(
            [
                "ALTER TABLE price_rule ADD CONSTRAINT price_rule_tier FOREIGN KEY (tier) REFERENCES tier (code)"
            ],
            ["ALTER TABLE price_rule DROP CONSTRAINT price_rule_tier"],
        ),
    ]
