"""The books: append-only tables, the house's accounts and the one verb that posts."""

from pathlib import Path

from tortoise.migrations import operations as ops

from migrations import _steps

_SQL = Path(__file__).parent / "sql"


class Migration(_steps.Migration):
    dependencies = [("models", "0002_constraints")]

    operations = [
        ops.RunSQL([(_SQL / "append_only.sql").read_text("utf-8")]),
        ops.RunSQL([(_SQL / "ledger_post.sql").read_text("utf-8")]),
    ]
