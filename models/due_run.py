"""Due runs 到期扣款批次: one a business day, with what became of the periods that were due."""

from tortoise import fields
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
    claimed = fields.BigIntField(default=0)
    charged = fields.BigIntField(default=0)
    partly = fields.BigIntField(default=0)
    owed = fields.BigIntField(default=0)
    waived = fields.BigIntField(default=0)
    parked = fields.BigIntField(default=0)
    amount_fen = fields.BigIntField(default=0)
    """What was taken from balances."""
    batches = fields.BigIntField(default=0)
    started_at = fields.DatetimeField()
    last_batch_at = fields.DatetimeField(null=True)
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
            CheckConstraint(
                check="claimed = charged + partly + owed + waived + parked", name="due_run_claimed"
            ),
        )
