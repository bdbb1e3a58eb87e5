"""Bills of orders that wait for their payment stand in no index of what is owed: paying them writes none of their indexes anew.

What is owed of a bill is listed by a column that the database keeps. It is empty for a bill that is settled, and for one of an order that is
neither in instalments nor taken by itself: its order is found by its customer, is paid in one go, and lapses when it is not. So it stays empty
as such a bill is paid, and PostgreSQL need not put the bill's new version into its indexes (HOT).
"""

from tortoise.migrations import operations as ops

from core.partial_index import PartialIndex
from migrations import _steps

_LISTED = """
ALTER TABLE bill ADD COLUMN listed_fen bigint GENERATED ALWAYS AS (
    CASE WHEN state = 'partly_paid'
           OR state = 'open' AND NOT (source LIKE 'order:%' AND collect_mode = 'full' AND NOT automatic AND collect_at IS NULL)
         THEN amount_fen - paid_fen END
) STORED
"""


class Migration(_steps.Migration):
    dependencies = [("models", "0052_paying_open_bills")]

    operations = [
        ops.RemoveIndex("Bill", name="bill_owed"),
        ops.RemoveIndex("Bill", name="bill_collect"),
        ops.RunSQL(["DROP INDEX bill_due", _LISTED]),
        ops.AddIndex(
            "Bill",
            PartialIndex(fields=["customer_id", "due_at"], name="bill_owed", where="listed_fen IS NOT NULL"),
        ),
        ops.AddIndex(
            "Bill",
            PartialIndex(
                fields=["collect_at", "id"],
                name="bill_collect",
                where="collect_at IS NOT NULL AND listed_fen IS NOT NULL",
            ),
        ),
        ops.RunSQL(
            [
                "CREATE INDEX bill_due ON bill (due_at) INCLUDE (listed_fen) WHERE listed_fen IS NOT NULL",
                "ANALYZE bill",  # or PostgreSQL takes nearly all bills to be listed, until it has looked
            ]
        ),
    ]
