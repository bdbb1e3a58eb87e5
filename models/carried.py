"""The carry-over pool of reconciliation."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Carried(Model):
    """A payment or refund of ours near the end of a day that the day's bill does not have: looked for in the bills after it."""

    id = fields.BigIntField(primary_key=True)
    day = fields.ForeignKeyField(
        "models.ChannelDay", related_name="carried", on_delete=fields.RESTRICT, db_index=False
    )
    """Whose bill it was missing from."""
    kind = fields.CharField(max_length=7)
    ours_id = fields.BigIntField()
    """Id of the payment or refund part."""
    amount_fen = fields.BigIntField()
    until_on = fields.DateField()
    """The last day in whose bill it may stand; then it is a difference."""
    state = fields.CharField(max_length=8, default="waiting")
    ended_day_id = fields.BigIntField(null=True)
    """The day in whose bill it stood, or that was the last to look for it."""
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "carried"
        indexes = (
            Index(fields=("day_id",), name="carried_day"),
            PartialIndex(
                fields=("ended_day_id",), name="carried_ended_day", where="ended_day_id IS NOT NULL"
            ),
            PartialIndex(fields=("until_on",), name="carried_waiting", where="state = 'waiting'"),
        )
        constraints = (
            UniqueConstraint(fields=("kind", "ours_id"), name="carried_once"),
            CheckConstraint(check="kind IN ('payment', 'refund') AND amount_fen > 0", name="carried_amount"),
            CheckConstraint(check="state IN ('waiting', 'settled', 'overdue')", name="carried_state"),
            CheckConstraint(check="(ended_at IS NULL) = (state = 'waiting')", name="carried_ended"),
            CheckConstraint(
                check="(ended_day_id IS NOT NULL) = (state <> 'waiting')", name="carried_ended_in"
            ),
        )
