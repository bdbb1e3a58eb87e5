"""What posts sets of debits takes a single lot without putting lots in order and looks up no reference that is new; alerts are asked of plans
by an index of those that have some."""

from pathlib import Path

from tortoise.migrations import operations as ops

from core.partial_index import PartialIndex
from migrations import _steps

_SQL = Path(__file__).parent / "sql"
_FUNCTIONS = ("ledger_debit", "pays_quietly", "orders_pay", "orders_buy", "plans_charge")
_OLD_BURN = (
    "ledger_burn(timestamptz, int[], text[], text[], bytea[], text[], text[], text[], text[], bigint[])"
)


class Migration(_steps.Migration):
    dependencies = [("models", "0049_shares_of_due_runs")]

    operations = [
        ops.AddIndex(
            "Plan",
            PartialIndex(fields=["customer_id"], name="plan_warn", where="warn_periods IS NOT NULL"),
        ),
        ops.RunSQL([f"DROP FUNCTION IF EXISTS {_OLD_BURN}"]),
        *(ops.RunSQL([(_SQL / f"{name}.sql").read_text("utf-8")]) for name in _FUNCTIONS),
    ]
