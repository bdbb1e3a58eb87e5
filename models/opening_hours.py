"""When stores are open, as operators say it."""

from tortoise import fields
from tortoise.models import Model


class OpeningHours(Model):
    """When a store is open: by weekday, on holidays, on single days."""

    id = fields.BigIntField(primary_key=True)
    store_id = fields.BigIntField(unique=True)
    """0: the shop itself."""
    hours = fields.JSONField()
    """``weekly``: seven lists of spans, from Monday; ``holidays``: spans, or null; ``days``: spans by date."""
    saved_by = fields.CharField(max_length=64)
    saved_at = fields.DatetimeField()

    class Meta:
        table = "opening_hours"
