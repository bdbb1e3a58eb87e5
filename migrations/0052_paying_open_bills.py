"""Sets of orders are paid without looking for transfers that cannot be there."""

from pathlib import Path

from tortoise.migrations import operations as ops

from migrations import _steps

_SQL = Path(__file__).parent / "sql"
_FUNCTIONS = ("ledger_debit", "orders_pay")


class Migration(_steps.Migration):
    dependencies = [("models", "0051_names_in_order")]

    operations = [
        *(ops.RunSQL([(_SQL / f"{name}.sql").read_text("utf-8")]) for name in _FUNCTIONS),
    ]
