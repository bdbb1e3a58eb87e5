"""Pictures of products 商品图片."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class StrayImage(Model):
    """Files of a picture in the store of images that no product has: not yet, or not any more. A key stands here or with a product."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=40, unique=True)
    since = fields.DatetimeField()
    leaving_at = fields.DatetimeField(null=True)
    """Since when the clock has been removing them: no product can have them any more."""

    class Meta:
        table = "stray_image"
        indexes = (Index(fields=("since",), name="stray_image_since"),)


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
    alt = fields.CharField(max_length=200, db_default="")
    """What is seen in it, for who does not see it."""
    created_by = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()

    class Meta:
        table = "product_image"
        constraints = (
            UniqueConstraint(fields=("product_id", "position"), name="product_image_position"),
            CheckConstraint(check="width > 0 AND height > 0", name="product_image_size"),
        )
