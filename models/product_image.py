"""Pictures of products 商品图片."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class ProductImage(Model):
    """A picture of a product; its files, one for each size, are in the store of images under its key."""

    id = fields.BigIntField(primary_key=True)
    product = fields.ForeignKeyField(
        "models.Product", related_name="images", on_delete=fields.CASCADE, db_index=False
    )
    key = fields.CharField(max_length=40, unique=True)
    position = fields.IntField()
    """Where it stands among the product's: the smallest first."""
    width = fields.IntField()
    height = fields.IntField()
    """Of its largest file, in pixels."""
    created_by = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()

    class Meta:
        table = "product_image"
        constraints = (
            UniqueConstraint(fields=("product_id", "position"), name="product_image_position"),
            CheckConstraint(check="width > 0 AND height > 0", name="product_image_size"),
        )
