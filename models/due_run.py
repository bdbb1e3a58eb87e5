"""Due runs 到期扣款批次: one a business day, and what each session did of it."""

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class DueRun(Model):
    """What all workers together did on one business day about the periods that were due, and whether they may go on."""

    id = fields.BigIntField(primary_key=True)
    day = fields.DateField(unique=True)
    state = fields.CharField(max_length=10, default="running")
    expected = fields.BigIntField(default=0)
    """How many periods were due when it was last begun, those done before included."""
    started_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    changed_by = fields.CharField(max_length=64, null=True)
    """Who paused, resumed or aborted it last."""
    reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "due_run"
        indexes = (PartialIndex(fields=("day",), name="due_run_paused", where="state = 'paused'"),)
        constraints = (
            CheckConstraint(
                check="state IN ('running', 'paused', 'aborted', 'finished')", name="due_run_state"
            ),
            CheckConstraint(
                check="(ended_at IS NOT NULL) = (state IN ('aborted', 'finished'))", name="due_run_ended"
            ),
        )


class DueRunShare(Model):
    """What one session of the database did of a due run. A run is the sum of its shares."""

    # a row that all workers counted in would be held from each batch's end until its commit is on disk, and the others would wait there
    id = fields.BigIntField(primary_key=True)
    run: fields.ForeignKeyRelation[DueRun] = fields.ForeignKeyField(
        "models.DueRun", related_name="shares", on_delete=OnDelete.RESTRICT, db_index=False
    )
    session = fields.IntField()
    """``pg_backend_pid()``: two batches at once never have the same."""
    claimed = fields.BigIntField()
    charged = fields.BigIntField()
    partly = fields.BigIntField()
    owed = fields.BigIntField()
    waived = fields.BigIntField()
    parked = fields.BigIntField()
    amount_fen = fields.BigIntField()
    """What was taken from balances."""
    batches = fields.BigIntField()
    last_batch_at = fields.DatetimeField(null=True)

    class Meta:
        table = "due_run_share"
        unique_together = (("run", "session"),)
        constraints = (
            CheckConstraint(
                check="claimed = charged + partly + owed + waived + parked", name="due_run_share_claimed"
            ),
        )
