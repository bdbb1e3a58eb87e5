"""Coupons 优惠券: what is on offer, what was issued to whom, and what became of it."""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class CouponTemplate(Model):
    """The terms of a kind of coupon. What it takes off never changes; it may be stopped."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=60)
    kind = fields.CharField(max_length=8)
    """``amount``: so much off; ``percent``: a share off, at most ``most_fen``."""
    off_fen = fields.BigIntField(null=True)
    off_percent = fields.SmallIntField(null=True)
    most_fen = fields.BigIntField(null=True)
    least_fen = fields.BigIntField(default=0)
    """What the goods it is for have to come to."""
    products = ArrayField(element_type="bigint", null=True)
    categories = ArrayField(element_type="bigint", null=True)
    """What it is for: these products and those in these categories; both None: everything."""
    stacks = fields.CharField(max_length=8)
    """``alone``: no other coupon beside it; ``others``: those of other kinds; ``any``: also more of its own."""
    with_points = fields.BooleanField(default=True)
    from_at = fields.DatetimeField()
    until_at = fields.DatetimeField()
    """When its coupons may be had and used: from the first instant on, before the second."""
    days = fields.IntField(null=True)
    """A coupon lives so many days from when it was issued, and no longer than ``until_at``; None: until then."""
    per_customer = fields.IntField(null=True)
    total = fields.IntField(null=True)
    issued = fields.IntField(default=0)
    code = fields.CharField(max_length=32, null=True, unique=True)
    """Who knows it may take one; None: only the shop gives them."""
    active = fields.BooleanField(default=True)
    saved_by = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()

    class Meta:
        table = "coupon_template"
        constraints = (
            CheckConstraint(
                check="kind = 'amount' AND off_fen > 0 AND off_fen IS NOT NULL AND off_percent IS NULL AND most_fen IS NULL "
                "OR kind = 'percent' AND off_percent IS NOT NULL AND off_percent BETWEEN 1 AND 99 AND off_fen IS NULL "
                "AND (most_fen IS NULL OR most_fen > 0)",
                name="coupon_template_off",
            ),
            CheckConstraint(check="least_fen >= 0", name="coupon_template_least"),
            CheckConstraint(check="stacks IN ('alone', 'others', 'any')", name="coupon_template_stacks"),
            CheckConstraint(check="from_at < until_at AND days > 0", name="coupon_template_period"),
            CheckConstraint(
                check="per_customer > 0 AND total > 0 AND issued >= 0 AND issued <= total",
                name="coupon_template_limits",
            ),
            CheckConstraint(
                check="cardinality(products) > 0 AND cardinality(categories) > 0", name="coupon_template_for"
            ),
        )


class Coupon(Model):
    """One coupon of one customer, used at most once at a time: by the order it names."""

    id = fields.BigIntField(primary_key=True)
    coupon_no = fields.CharField(max_length=32, unique=True)
    template = fields.ForeignKeyField(
        "models.CouponTemplate", related_name="coupons", on_delete=fields.RESTRICT, db_index=False
    )
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="coupons", on_delete=fields.RESTRICT, db_index=False
    )
    state = fields.CharField(max_length=8)
    from_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    run = fields.ForeignKeyField(
        "models.SegmentRun", related_name="coupons", null=True, on_delete=fields.RESTRICT, db_index=False
    )
    """The issue to a segment it came by."""
    order_no = fields.CharField(max_length=32, null=True)
    off_fen = fields.BigIntField(null=True)
    """What it took off that order."""
    issued_at = fields.DatetimeField()

    class Meta:
        table = "coupon"
        unique_together = (("run_id", "customer_id"),)
        indexes = (
            Index(fields=("customer_id", "id"), name="coupon_customer"),
            Index(fields=("template_id", "customer_id"), name="coupon_of_template"),
            PartialIndex(fields=("order_no",), name="coupon_order", where="order_no IS NOT NULL"),
        )
        constraints = (
            CheckConstraint(check="state IN ('unused', 'used', 'void')", name="coupon_state"),
            CheckConstraint(
                check="(order_no IS NOT NULL) = (state = 'used') AND (off_fen IS NOT NULL) = (state = 'used')",
                name="coupon_used",
            ),
            CheckConstraint(check="off_fen >= 0 AND from_at < ends_at", name="coupon_amounts"),
        )


class CouponEvent(Model):
    """A step of a coupon. Append-only."""

    id = fields.BigIntField(primary_key=True)
    coupon = fields.ForeignKeyField(
        "models.Coupon", related_name="events", on_delete=fields.RESTRICT, db_index=False
    )
    what = fields.CharField(max_length=12)
    order_no = fields.CharField(max_length=32, null=True)
    off_fen = fields.BigIntField(null=True)
    by = fields.CharField(max_length=64)
    at = fields.DatetimeField()

    class Meta:
        table = "coupon_event"
        indexes = (Index(fields=("coupon_id", "id"), name="coupon_event_coupon"),)
        constraints = (
            CheckConstraint(
                check="what IN ('issued', 'used', 'given_back', 'moved', 'void')", name="coupon_event_what"
            ),
            CheckConstraint(
                check="(order_no IS NOT NULL) = (what IN ('used', 'given_back'))", name="coupon_event_order"
            ),
        )
