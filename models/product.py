"""Products 商品."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex

_TO_BE_HAD = "state = 'on_shelf' AND lowest_fen IS NOT NULL"


class Product(Model):
    """Something the shop sells, in one or more SKUs."""

    # The database has one more column, ``words`` (tsvector, ``shop.search``), which is read and written in SQL only.

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=40, null=True, unique=True)
    """The shop's own number for it, where it has one; imports find it by this. It does not begin with ``#``: ``#17`` is how
    an export names product 17 that has none."""
    name = fields.CharField(max_length=60)
    description = fields.CharField(max_length=4000, default="")
    state = fields.CharField(max_length=10, default="on_shelf")
    axes = fields.JSONField(db_default=[])
    """What its SKUs differ in: ``[{"name": "颜色", "values": ["红", "蓝"]}, …]``; empty where a SKU has only a name."""
    lowest_fen = fields.BigIntField(null=True)
    """The lowest list price of its SKUs on sale; None: there are none."""
    sold = fields.IntField(db_default=0)
    """Pieces ordered and paid lately, as the clock last counted them."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "product"
        indexes = (
            Index(fields=("sold", "id"), name="product_all_by_sales"),
            Index(fields=("lowest_fen", "id"), name="product_all_by_price"),
            PartialIndex(fields=("id",), name="product_newest", where=_TO_BE_HAD),
            PartialIndex(fields=("sold", "id"), name="product_by_sales", where=_TO_BE_HAD),
            PartialIndex(fields=("lowest_fen", "id"), name="product_by_price", where=_TO_BE_HAD),
        )
        constraints = (
            CheckConstraint(check="state IN ('on_shelf', 'off_shelf')", name="product_state"),
            CheckConstraint(check="sold >= 0", name="product_sold"),
            CheckConstraint(check="code NOT LIKE '#%'", name="product_code"),
        )
