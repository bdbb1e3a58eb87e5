"""What the catalogue learnt later: tax by category, kept with the lines of orders; files of pictures that nobody has."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from migrations import _parts, _steps

_TAX = (
    "tax_percent >= 0 AND tax_fen = amount_fen - discount_fen"
    " - ((amount_fen - discount_fen) * 200 + 100 + tax_percent) / (2 * (100 + tax_percent))"
)


class Migration(_steps.Migration):
    dependencies = [("models", "0028_roles")]

    operations = [
        ops.AddField("Category", "tax_percent", fields.IntField(null=True)),
        *_parts.checks("Category", category_tax="tax_percent BETWEEN 0 AND 30"),
        ops.AddField("OrderLine", "tax_percent", fields.IntField(db_default=0)),
        ops.AddField("OrderLine", "tax_fen", fields.BigIntField(db_default=0)),
        *_parts.checks("OrderLine", order_line_tax=_TAX),
        *_parts.checks("Product", product_code="code NOT LIKE '#%'"),
        _parts.table(
            "StrayImage",
            "stray_image",
            "Files of a picture in the store of images that no product has: not yet, or not any more. A key stands here or with a product.",
            [
                ("key", fields.CharField(max_length=40, unique=True)),
                _parts.instant("since"),
                _parts.perhaps("leaving_at"),
            ],
            indexes=[Index(fields=["since"], name="stray_image_since")],
        ),
    ]
