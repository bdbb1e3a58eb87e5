"""What an operator changed is told without columns that PostgreSQL works out from others: an order's stage goes with its state."""

from pathlib import Path

from tortoise.migrations import operations as ops

from migrations import _steps

_SQL = Path(__file__).parent / "sql"


class Migration(_steps.Migration):
    dependencies = [("models", "0055_shorter_sets")]

    operations = [ops.RunSQL([(_SQL / "act_changed.sql").read_text("utf-8")])]
