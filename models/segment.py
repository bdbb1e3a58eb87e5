"""Segments 顾客分群: customers by rule, their tags, and what was done for all of a segment."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Tag(Model):
    """A word that operators put on customers."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=20, unique=True)
    saved_by = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()

    class Meta:
        table = "tag"


class CustomerTag(Model):
    """A tag on a customer."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="tags", on_delete=fields.RESTRICT, db_index=False
    )
    tag = fields.ForeignKeyField(
        "models.Tag", related_name="customers", on_delete=fields.RESTRICT, db_index=False
    )
    put_by = fields.CharField(max_length=64)
    put_at = fields.DatetimeField()

    class Meta:
        table = "customer_tag"
        unique_together = (("customer_id", "tag_id"),)
        indexes = (Index(fields=("tag_id", "customer_id"), name="customer_tag_tag"),)


class Segment(Model):
    """Customers for whom a rule holds; who they are is asked each time."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=60, unique=True)
    rule = fields.JSONField()
    saved_by = fields.CharField(max_length=64)
    saved_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "segment"


class SegmentRun(Model):
    """Something that is done for everybody in a segment, customer by customer in the order of their ids."""

    id = fields.BigIntField(primary_key=True)
    run_no = fields.CharField(max_length=32, unique=True)
    segment = fields.ForeignKeyField(
        "models.Segment", related_name="runs", on_delete=fields.RESTRICT, db_index=False
    )
    kind = fields.CharField(max_length=8)
    """``coupons``: each gets one of the template; ``message``: each who agreed to marketing is written to."""
    rule = fields.JSONField()
    """The segment's rule as it was when this was asked for."""
    template = fields.ForeignKeyField(
        "models.CouponTemplate", related_name="runs", null=True, on_delete=fields.RESTRICT, db_index=False
    )
    text = fields.CharField(max_length=100, null=True)
    state = fields.CharField(max_length=8)
    approval_no = fields.CharField(max_length=32, null=True)
    """The second person's agreement, where it took one."""
    expected = fields.IntField(null=True)
    """How many it was to reach when it was asked for; not known of coupons."""
    after_id = fields.BigIntField(default=0)
    """Customers up to this id have had their turn."""
    looked_at = fields.IntField(default=0)
    done = fields.IntField(default=0)
    asked_by = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "segment_run"
        indexes = (PartialIndex(fields=("id",), name="segment_run_running", where="state = 'running'"),)
        constraints = (
            CheckConstraint(
                check="kind = 'coupons' AND template_id IS NOT NULL AND text IS NULL "
                "OR kind = 'message' AND template_id IS NULL AND text IS NOT NULL",
                name="segment_run_kind",
            ),
            CheckConstraint(
                check="state IN ('running', 'paused', 'done', 'stopped')", name="segment_run_state"
            ),
            CheckConstraint(
                check="(ended_at IS NULL) = (state IN ('running', 'paused'))", name="segment_run_ended"
            ),
        )
