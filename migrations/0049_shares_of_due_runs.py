"""What a due run did is the sum of what each session did; workers no longer wait for one another to count."""

from tortoise import fields
from tortoise.migrations import operations as ops

from migrations import _parts, _steps

_COUNTS = ("claimed", "charged", "partly", "owed", "waived", "parked", "amount_fen", "batches")
_KEPT = ", ".join((*_COUNTS, "last_batch_at"))


class Migration(_steps.Migration):
    dependencies = [("models", "0048_sets_of_debits")]

    operations = [
        _parts.table(
            "DueRunShare",
            "due_run_share",
            "What one session of the database did of a due run. A run is the sum of its shares.",
            [
                _parts.to("DueRun", "run", "shares", db_index=False),
                ("session", fields.IntField()),
                *((name, fields.BigIntField()) for name in _COUNTS),
                _parts.perhaps("last_batch_at"),
            ],
            unique_together=(("run", "session"),),
        ),
        *_parts.checks(
            "DueRunShare", due_run_share_claimed="claimed = charged + partly + owed + waived + parked"
        ),
        ops.RunSQL(
            [
                f"INSERT INTO due_run_share (run_id, session, {_KEPT}) SELECT id, 0, {_KEPT} FROM due_run WHERE batches > 0"
            ]
        ),
        ops.RemoveConstraint("DueRun", name="due_run_claimed"),
        *(ops.RemoveField("DueRun", name) for name in (*_COUNTS, "last_batch_at")),
    ]
