"""Plain debits, paying orders and charging plans, each a set in one statement."""

from pathlib import Path

from tortoise.migrations import operations as ops

from migrations import _steps

_SQL = Path(__file__).parent / "sql"


class Migration(_steps.Migration):
    dependencies = [("models", "0014_credit_and_rules")]

    operations = [
        ops.RunSQL([(_SQL / "ledger_post.sql").read_text("utf-8")]),
        ops.RunSQL([(_SQL / "ledger_debit.sql").read_text("utf-8")]),
        ops.RunSQL([(_SQL / "pays_quietly.sql").read_text("utf-8")]),
        ops.RunSQL([(_SQL / "orders_pay.sql").read_text("utf-8")]),
        ops.RunSQL([(_SQL / "plans_charge.sql").read_text("utf-8")]),
    ]
