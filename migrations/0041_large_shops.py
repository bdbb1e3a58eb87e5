"""What is quick in a shop of a million customers: they are found by their names, what is owed to all of them is not added up each time, and
what they owe is added up from an index."""

from pathlib import Path

from tortoise import fields
from tortoise.migrations import operations as ops

from migrations import _parts, _steps

_SQL = Path(__file__).parent / "sql"


class Migration(_steps.Migration):
    dependencies = [("models", "0040_act_checks")]

    operations = [
        ops.RunSQL([(_SQL / "customers_named.sql").read_text(encoding="utf-8")]),
        ops.RunSQL(["CREATE INDEX customer_name_parts ON customer USING gin (name_parts(name))"]),
        ops.RemoveIndex("Bill", name="bill_due"),
        ops.RunSQL(
            [
                """
                CREATE INDEX bill_due ON bill (due_at) INCLUDE (amount_fen, paid_fen) WHERE state IN ('open', 'partly_paid')
                """,
                "CREATE INDEX counter_payment_made ON counter_payment USING brin (created_at)",
            ]
        ),
        _parts.table(
            "LiabilityMark",
            "liability_mark",
            "What was owed to all customers at an instant, added up once.",
            [
                ("at", fields.DatetimeField(unique=True, auto_now=False, auto_now_add=False)),
                ("principal_fen", fields.BigIntField()),
                ("bonus_fen", fields.BigIntField()),
                ("customers", fields.BigIntField()),
            ],
        ),
    ]
