"""Categories 分类."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Category(Model):
    """A shelf of the catalogue, perhaps within another."""

    id = fields.BigIntField(primary_key=True)
    parent = fields.ForeignKeyField(
        "models.Category", related_name="children", on_delete=fields.RESTRICT, null=True, db_index=False
    )
    name = fields.CharField(max_length=30)
    sort_order = fields.IntField(default=0)
    """Where it stands among its siblings: the smallest first."""
    is_shown = fields.BooleanField(default=True)
    """Whether customers see it, with all that is within it."""
    tax_percent = fields.IntField(null=True)
    """How much tax the prices of what stands in it include; None: as the one above it says."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "category"
        indexes = (Index(fields=("parent_id",), name="category_parent"),)
        constraints = (
            CheckConstraint(check="parent_id <> id", name="category_not_within_itself"),
            CheckConstraint(check="tax_percent BETWEEN 0 AND 30", name="category_tax"),
        )


class ProductCategory(Model):
    """A product stands in a category; it may stand in several."""

    id = fields.BigIntField(primary_key=True)
    product = fields.ForeignKeyField(
        "models.Product", related_name="categories", on_delete=fields.CASCADE, db_index=False
    )
    category = fields.ForeignKeyField(
        "models.Category", related_name="products", on_delete=fields.CASCADE, db_index=False
    )

    class Meta:
        table = "product_category"
        indexes = (Index(fields=("product_id",), name="product_category_product"),)
        constraints = (UniqueConstraint(fields=("category_id", "product_id"), name="product_category_once"),)
