"""What operators did, as a file to take away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence

from core import clock, errors, sheets, words
from members import acts

MAX_ACTS = 50_000
"""One file takes no more."""
_BATCH = 500
_LONGEST_CELL = 30_000
"""A spreadsheet's cell takes 32 767 characters."""
_COLUMNS = (
    ("id", "count"), ("began_at", "moment"), ("operator", "text"), ("kind", "text"), ("operation", "text"), ("about", "text"),
    ("subject", "text"), ("customers", "text"), ("reason", "text"), ("asked", "text"), ("changes", "text"), ("outcome", "text"),
    ("ended_at", "moment"), ("address", "text"), ("user_agent", "text"), ("request_id", "text"),
)  # fmt: skip


class TooManyActs(errors.Invalid):
    """More acts than one file takes."""

    code = "too_many_acts"


async def as_csv(wanted: acts.Wanted, locale: str, *, most: int = MAX_ACTS) -> AsyncIterator[bytes]:
    """The acts that are looked for as CSV, the latest first, to be sent piece by piece; those that begin while it is read are not in it.

    Raises:
        TooManyActs.
    """
    found = await acts.count(wanted, most + 1)
    if found > most:
        raise TooManyActs(limit=most)
    return sheets.as_csv(_sheet(wanted, locale))


def _sheet(wanted: acts.Wanted, locale: str) -> sheets.Sheet:
    columns = [
        sheets.Column(words.say(f"acts.column.{name}", locale, zone=clock.zone().key), cells)  # type: ignore[arg-type]
        for name, cells in _COLUMNS
    ]
    return sheets.Sheet(words.say("acts.title", locale), columns, _batches(wanted))


async def _batches(wanted: acts.Wanted) -> AsyncIterator[Sequence[sheets.Row]]:
    before = None
    while batch := await acts.page(wanted, before=before, limit=_BATCH):
        changes = await acts.changes([act.id for act in batch])
        yield [_row(act, changes.get(act.id, [])) for act in batch]
        before = batch[-1].id


def _row(act: acts.Act, changes: Sequence[acts.Change]) -> sheets.Row:
    changed = [{"table": c.of_table, "id": c.row_id, "before": c.before, "after": c.after} for c in changes]
    return [
        act.id, act.began_at, f"{act.operator_name} ({act.operator_id})", act.kind, act.operation, act.about, act.subject or "",
        " ".join(map(str, act.customer_ids)), act.reason or "", _json(act.asked), _json(changed) if changed else "", act.outcome or "",
        act.ended_at, act.address, act.user_agent, act.request_id,
    ]  # fmt: skip


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)[:_LONGEST_CELL]
