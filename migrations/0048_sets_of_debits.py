"""What posts sets of debits, pays orders and charges plans, as it is now; ``plans_charge`` is given days once, not for each period."""

from pathlib import Path

from tortoise.migrations import operations as ops

from migrations import _steps

_SQL = Path(__file__).parent / "sql"
_FUNCTIONS = ("ledger_debit", "pays_quietly", "orders_pay", "orders_buy", "plans_charge")


class Migration(_steps.Migration):
    dependencies = [("models", "0047_fewer_index_writes")]

    operations = [
        ops.RunSQL(
            [
                """DROP FUNCTION IF EXISTS plans_charge(timestamptz, text, bigint[], bigint[], bigint[], int[], timestamptz[],
                                                        text[], text[], bigint[])"""
            ]
        ),
        *(ops.RunSQL([(_SQL / f"{name}.sql").read_text("utf-8")]) for name in _FUNCTIONS),
    ]
