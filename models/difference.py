"""Differences between a channel's books and ours."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Difference(Model):
    """Something that a channel's bill and our books do not agree on, who looks after it, and how it ended."""

    id = fields.BigIntField(primary_key=True)
    difference_no = fields.CharField(max_length=32, unique=True)
    day = fields.ForeignKeyField(
        "models.ChannelDay", related_name="differences", on_delete=fields.RESTRICT, db_index=False
    )
    kind = fields.CharField(max_length=13)
    subject = fields.CharField(max_length=7)
    dedup_key = fields.CharField(max_length=180)
    """Names what is compared: found again, it is the same difference."""
    payment_no = fields.CharField(max_length=64)
    refund_no = fields.CharField(max_length=64, null=True)
    channel_trade_no = fields.CharField(max_length=64, null=True)
    line_id = fields.BigIntField(null=True)
    ours_fen = fields.BigIntField(null=True)
    ours_state = fields.CharField(max_length=20, null=True)
    theirs_fen = fields.BigIntField(null=True)
    theirs_state = fields.CharField(max_length=20, null=True)
    expected_milli = fields.BigIntField(null=True)
    billed_milli = fields.BigIntField(null=True)
    at_stake_fen = fields.BigIntField()
    """How much it is about, without sign."""
    state = fields.CharField(max_length=8, default="asking")
    asks = fields.IntField(default=0)
    ask_at = fields.DatetimeField(null=True)
    """When the clock asks the channel about it next, before anybody is told."""
    last_answer = fields.CharField(max_length=200, default="")
    owner_id = fields.BigIntField(null=True)
    remark = fields.CharField(max_length=500, default="")
    resolution = fields.CharField(max_length=10, null=True)
    reason = fields.CharField(max_length=200, null=True)
    resolved_by = fields.CharField(max_length=64, null=True)
    approval_no = fields.CharField(max_length=32, null=True)
    transfer_reference = fields.CharField(max_length=100, null=True, unique=True)
    """What it moved in the books, if anything."""
    sent_back_by = fields.CharField(max_length=32, null=True, unique=True)
    """The refund by which it went back; a refund explains one difference."""
    opened_at = fields.DatetimeField()
    resolved_at = fields.DatetimeField(null=True)

    class Meta:
        table = "difference"
        indexes = (
            PartialIndex(fields=("id",), name="difference_open", where="state <> 'resolved'"),
            PartialIndex(fields=("ask_at",), name="difference_ask", where="ask_at IS NOT NULL"),
            PartialIndex(fields=("owner_id", "id"), name="difference_owner", where="owner_id IS NOT NULL"),
            Index(fields=("payment_no",), name="difference_payment"),
        )
        constraints = (
            UniqueConstraint(fields=("day_id", "dedup_key"), name="difference_once"),
            CheckConstraint(
                check="kind IN ('missing_here', 'missing_there', 'amount', 'fee', 'status', 'refund', 'duplicate', 'funds')",
                name="difference_kind",
            ),
            CheckConstraint(
                check="subject IN ('payment', 'refund', 'account') AND at_stake_fen >= 0",
                name="difference_subject",
            ),
            CheckConstraint(check="state IN ('asking', 'open', 'resolved')", name="difference_state"),
            CheckConstraint(check="(ask_at IS NOT NULL) = (state = 'asking')", name="difference_asked"),
            CheckConstraint(
                check="resolution IN ('settled', 'credit', 'send_back', 'adjust', 'ignore')",
                name="difference_resolution",
            ),
            CheckConstraint(
                check="(resolved_at IS NOT NULL AND resolution IS NOT NULL AND resolved_by IS NOT NULL) = (state = 'resolved')",
                name="difference_resolved",
            ),
            CheckConstraint(
                check="(transfer_reference IS NOT NULL) = coalesce(resolution IN ('credit', 'adjust', 'send_back'), false)",
                name="difference_moved",
            ),
            CheckConstraint(
                check="(sent_back_by IS NOT NULL) = coalesce(resolution = 'send_back', false)",
                name="difference_sent_back",
            ),
            CheckConstraint(
                check="resolution IS NULL OR resolution = 'settled' OR reason IS NOT NULL",
                name="difference_reason",
            ),
        )
