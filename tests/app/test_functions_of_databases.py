"""Functions of the database: who changes one has a migration run it, so that databases that are there already have it, too."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from app import database

_MIGRATIONS = Path(database.migrations.__file__).parent
_LAST_RUN = {
    "act_changed": ("0056", "70af1850ffab"),
    "acts": ("0038", "a2156ea0acef"),
    "append_only": ("0003", "70fee8de4070"),
    "bill_next_due": ("0010", "7d560b5fdb82"),
    "catalogue_page": ("0024", "a844be014b99"),
    "customers_named": ("0041", "2c9443446946"),
    "ledger_debit": ("0055", "b28226c8c7b7"),
    "ledger_post": ("0047", "a8408ad4a732"),
    "name_order": ("0051", "a5f1ca345c7b"),
    "orders_buy": ("0050", "e8abcfe93379"),
    "orders_pay": ("0055", "9c203b718464"),
    "orders_place": ("0054", "c14c184f4856"),
    "pays_quietly": ("0050", "8f6186bd8022"),
    "plans_charge": ("0050", "7519c0a455d5"),
    "rows_stay": ("0055", "0e6a140459a2"),
    "seal_append_only": ("0006", "ce6dd54b3756"),
    "stock_move": ("0025", "f46f146d18b2"),
}
"""Of each file of ``migrations/sql``: the migration that runs it last, and the file's SHA-256. A file that was changed goes into a new
migration, and what it is then comes here."""


@pytest.mark.parametrize("path", sorted((_MIGRATIONS / "sql").glob("*.sql")), ids=lambda path: path.stem)
def test_what_is_in_the_file_was_run_by_a_migration(path):
    number, kept = _LAST_RUN[path.stem]
    assert hashlib.sha256(path.read_bytes()).hexdigest()[:12] == kept, "a new migration has to run it"
    runs = max(
        file.name[:4] for file in _MIGRATIONS.glob("0*.py") if _runs(file.read_text("utf-8"), path.stem)
    )
    assert runs == number


def _runs(migration: str, name: str) -> bool:
    return f'"{name}.sql"' in migration or ("_FUNCTIONS" in migration and f'"{name}"' in migration)
