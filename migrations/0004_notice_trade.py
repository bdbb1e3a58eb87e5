"""What a notification said of a trade is kept with it, so that the clock can hand it in again without any key."""

from tortoise import fields
from tortoise.migrations import operations as ops

from core.partial_index import PartialIndex
from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0003_books")]

    operations = [
        ops.AddField("ChannelNotice", "trade", fields.JSONField(null=True)),
        ops.AddIndex(
            "ChannelNotice",
            PartialIndex(fields=["received_at"], name="channel_notice_unhandled", where="outcome IS NULL"),
        ),
    ]
