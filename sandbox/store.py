"""What the sandbox remembers between restarts: named values and shelves of records, in one SQLite file."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

Record = TypeVar("Record")


class Store:
    """Key-value rows in SQLite. One process, one event loop: every write is a row replaced at once."""

    def __init__(self, path: Path | None) -> None:
        self._db = sqlite3.connect(":memory:" if path is None else str(path), isolation_level=None)
        self._db.execute("pragma journal_mode = wal")
        # A demo may lose its last instants when the machine itself dies; a killed process loses nothing.
        self._db.execute("pragma synchronous = off")
        self._db.execute(
            "create table if not exists records (kind text, key text, body text, primary key (kind, key))"
        )

    def close(self) -> None:
        self._db.close()

    def rows(self, kind: str) -> list[tuple[str, Any]]:
        found = self._db.execute("select key, body from records where kind = ? order by rowid", (kind,))
        return [(key, json.loads(body)) for key, body in found]

    def save(self, kind: str, key: str, body: Any) -> None:
        self._db.execute(
            "insert into records values (?, ?, ?) on conflict (kind, key) do update set body = excluded.body",
            (kind, key, json.dumps(body, ensure_ascii=False)),
        )

    def remove(self, kind: str, key: str) -> None:
        self._db.execute("delete from records where kind = ? and key = ?", (kind, key))

    def load_value(self, name: str, default: Any) -> Any:
        found = self._db.execute(
            "select body from records where kind = 'value' and key = ?", (name,)
        ).fetchone()
        return default if found is None else json.loads(found[0])

    def save_value(self, name: str, value: Any) -> None:
        self.save("value", name, value)

    def next_no(self, name: str) -> int:
        """1, 2, 3 … never the same again, also after a restart."""
        number = int(self.load_value(f"no.{name}", 0)) + 1
        self.save_value(f"no.{name}", number)
        return number


class Shelf(Generic[Record]):
    """All records of one dataclass, held in memory in order of arrival and written through on `put`."""

    def __init__(self, store: Store, kind: str, record_class: type[Record]) -> None:
        self._store = store
        self._kind = kind
        self._records: dict[str, Record] = {key: record_class(**body) for key, body in store.rows(kind)}

    def get(self, key: str) -> Record | None:
        return self._records.get(key)

    def put(self, key: str, record: Record) -> None:
        self._records[key] = record
        self._store.save(self._kind, key, dataclasses.asdict(record))  # type: ignore[call-overload]

    def remove(self, key: str) -> None:
        if self._records.pop(key, None) is not None:
            self._store.remove(self._kind, key)

    def oldest(self) -> Record | None:
        return next(iter(self._records.values()), None)

    def __iter__(self) -> Iterator[Record]:
        return iter(list(self._records.values()))

    def __len__(self) -> int:
        return len(self._records)
