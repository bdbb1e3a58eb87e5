"""Who handed a notification in again."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class NoticeReplay(Model):
    """A notification was handed in again by somebody, and what came of it."""

    id = fields.BigIntField(primary_key=True)
    notice_id = fields.BigIntField()
    operator = fields.CharField(max_length=64)
    outcome = fields.CharField(max_length=20)
    created_at = fields.DatetimeField()

    class Meta:
        table = "notice_replay"
        indexes = (Index(fields=("notice_id",), name="notice_replay_notice"),)
