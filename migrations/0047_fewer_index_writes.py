"""What a payment changes or leaves empty stands in fewer indexes. What is left of a lot changes with every payment, and no index asks for it any
more: they ask whether anything is left, which changes once. Payments from the balance, which no channel brought, are not indexed by it."""

from pathlib import Path

from tortoise.migrations import operations as ops

from core.partial_index import PartialIndex
from migrations import _steps

_SQL = Path(__file__).parent / "sql"


class Migration(_steps.Migration):
    dependencies = [("models", "0046_after_sales_days")]

    operations = [
        ops.RemoveIndex("Lot", name="lot_open"),
        ops.RemoveIndex("Lot", name="lot_expiring"),
        ops.RunSQL(
            [
                "ALTER TABLE lot ADD COLUMN is_open boolean NOT NULL GENERATED ALWAYS AS (remaining_fen > 0) STORED"
            ]
        ),
        ops.AddIndex("Lot", PartialIndex(fields=["account_id"], name="lot_open", where="is_open")),
        ops.AddIndex(
            "Lot",
            PartialIndex(
                fields=["expires_at"], name="lot_expiring", where="is_open AND expires_at IS NOT NULL"
            ),
        ),
        ops.RunSQL(
            [
                "ALTER TABLE bill_payment DROP CONSTRAINT bill_payment_payment_no_key",
                "CREATE UNIQUE INDEX bill_payment_payment_no_key ON bill_payment (payment_no) WHERE payment_no IS NOT NULL",
            ]
        ),
        ops.RunSQL([(_SQL / "ledger_post.sql").read_text("utf-8")]),
        ops.RunSQL([(_SQL / "ledger_debit.sql").read_text("utf-8")]),
    ]
