"""How many notifications were refused, day by day: floods are counted, not kept."""

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model


class NoticeRefusal(Model):
    """So many notifications to one channel's address were refused for one reason on one day."""

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=20)
    day = fields.DateField()
    reason = fields.CharField(max_length=100)
    times = fields.BigIntField()

    class Meta:
        table = "notice_refusal"
        constraints = (UniqueConstraint(fields=("channel", "day", "reason"), name="notice_refusal_day"),)
