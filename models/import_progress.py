"""How far the reading of a bill is."""

from tortoise import fields
from tortoise.models import Model


class ImportProgress(Model):
    """What is being done to a day's bill at this moment. Written beside the transaction that does it, gone when that has ended."""

    id = fields.BigIntField(primary_key=True)
    day = fields.OneToOneField("models.ChannelDay", related_name="progress", on_delete=fields.CASCADE)
    phase = fields.CharField(max_length=10)
    rows = fields.BigIntField()
    percent = fields.IntField()
    """So much of the file is read."""
    began_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()

    class Meta:
        table = "import_progress"
