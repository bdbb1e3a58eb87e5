"""The shop's settings as operators see and change them: the terms by subject, what was chosen otherwise than the settings' file, who changed
what when.

Not all terms are theirs to choose: what keeps operators themselves in bounds, or what the law asks for, stands in the file alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

import asyncpg

from billing import terms
from core import db, errors

CHOSEN: Mapping[str, tuple[str, ...]] = {
    "top_ups": ("top_up_min_fen", "top_up_max_fen", "customer_transfers"),
    "orders": (
        "orders_need_review", "unpaid_orders_most", "complete_after_days", "after_sales_days", "order_down_payment_percent",
        "included_tax_percent",
    ),
    "plans": ("plan_price_notice_days", "customers_change_plans", "standing_hours_ahead", "due_soon_days", "overdue_days"),
    "dunning": ("dunning_retry_days", "dunning_partial", "dunning_grace_days", "dunning_suspends"),
    "care": ("bonus_reminder_days", "birthday_messages", "missed_after_days"),
}  # fmt: skip
"""The terms that operators choose, by subject."""

OF_FILE: Mapping[str, tuple[str, ...]] = {
    "second_person": (
        "approval_above_fen", "counter_approval_above_fen", "approval_window_hours", "broadcast_approval_above",
    ),
    "balances": (
        "named_cap_fen", "unnamed_cap_fen", "credit_ceiling_fen", "burn_policy", "matching_order", "claw_back", "refund_right_days",
        "channel_payment_minutes",
    ),
    "reconciliation": ("day_cut_minutes", "carry_days", "bill_patience_days"),
}  # fmt: skip
"""Those that stand in the settings' file alone."""

RULES: tuple[str, ...] = (
    "recharge_package", "tier", "points_rule", "coupon_template", "store", "opening_hours", "plan_offer", "dunning_policy",
    "deduction_rule", "freight_template", "bookable", "fee_rule", "agreement", "message_template",
)  # fmt: skip
"""The tables of rules that have lists and forms of their own."""

_SUBJECTS = {name: subject for subject, names in {**CHOSEN, **OF_FILE}.items() for name in names}
_TUPLES = frozenset(one.name for one in fields(terms.Terms) if "tuple" in str(one.type))


class TopUpRangeEmpty(errors.Invalid):
    """The smallest top-up would be more than the greatest."""

    code = "top_up_range_empty"


class SettingsChanged(errors.ChangedMeanwhile):
    """Somebody changed the settings of this subject since they were read; nothing was saved."""

    code = "settings_changed"


class NoSuchSetting(errors.NotFound):
    """There is no setting, and no table of rules, of this name."""

    code = "no_such_setting"


@dataclass(frozen=True, slots=True)
class Setting:
    """A term: what it is now, and what the file (of those in the file alone: a shop that chose nothing) has. ``operator_name`` and
    ``changed_at``: who changed it last in the console."""

    subject: str
    name: str
    value: Any
    default: Any
    is_chosen: bool
    of_file_alone: bool
    operator_name: str | None
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rules:
    """A table of rules: how many there are, and who changed one last."""

    of_table: str
    rows: int
    operator_name: str | None
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """What an act changed of a setting, or of a row of rules, by what differs."""

    id: int
    act_id: int
    row_id: int | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    operator_name: str
    changed_at: datetime


_CHOSEN = "SELECT name, value::text AS value FROM shop_setting WHERE value IS NOT NULL"


async def follow() -> None:
    """What operators chose is in force in this process. Before the tables are made nothing was chosen."""
    with contextlib.suppress(asyncpg.UndefinedTableError):
        terms.choose(_otherwise(await db.fetch(_CHOSEN)))


def _otherwise(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    theirs = {name for names in CHOSEN.values() for name in names}
    return {
        row["name"]: _typed(row["name"], json.loads(row["value"])) for row in rows if row["name"] in theirs
    }


def _typed(name: str, value: Any) -> Any:
    return tuple(value) if name in _TUPLES else value


async def chosen(subject: str) -> dict[str, Any]:
    """The terms of a subject that operators choose, as they are now, and their ``revision``. Read anew: a form that another process's change
    has not reached yet would take that change back."""
    await follow()
    now = asdict(terms.current())
    return _revised(subject, now)


def _revised(subject: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The subject's values with what names just these: other values have another revision, the same values always the same."""
    own = {name: values[name] for name in CHOSEN[subject]}
    mark = hashlib.blake2b(json.dumps(own).encode(), digest_size=_REVISION_BYTES).hexdigest()
    return {**own, "revision": mark}


_REVISION_BYTES = 8
_LOCK = "SELECT pg_advisory_xact_lock(0x59750005)"
_ROWS = "SELECT name, value::text AS value FROM shop_setting"
_PUT = """
INSERT INTO shop_setting AS s (name, value) VALUES ($1, $2::jsonb) ON CONFLICT (name) DO UPDATE SET value = excluded.value
WHERE s.value IS DISTINCT FROM excluded.value
"""


async def put(subject: str, values: Mapping[str, Any], *, revision: str) -> dict[str, Any]:
    """Chooses the terms of a subject that were of this ``revision`` when they were read; in force here at once, in other processes within
    seconds. What is as in the file follows the file from then on. What is so already is harmless, whatever was read.

    Raises:
        TopUpRangeEmpty,
        SettingsChanged: they are others by now.
    """
    wanted = {name: _typed(name, values[name]) for name in CHOSEN[subject]}
    if subject == "top_ups" and wanted["top_up_min_fen"] > wanted["top_up_max_fen"]:
        raise TopUpRangeEmpty
    of_file = terms.of_file()
    async with db.transaction():
        await db.execute(_LOCK)
        rows = await db.fetch(_ROWS)
        await _refuse_changed(subject, rows, wanted, revision)
        known = {row["name"] for row in rows}
        for name, value in wanted.items():
            otherwise = None if value == getattr(of_file, name) else json.dumps(value)
            if otherwise is not None or name in known:
                await db.execute(_PUT, name, otherwise)
    await follow()
    return _revised(subject, wanted)


async def _refuse_changed(
    subject: str, rows: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any], revision: str
) -> None:
    otherwise = _otherwise([row for row in rows if row["value"] is not None])
    now = _revised(subject, {**asdict(terms.of_file()), **otherwise})
    if now["revision"] in (revision, _revised(subject, wanted)["revision"]):
        return
    last = await db.fetchrow(_LAST_OF_SUBJECT, list(CHOSEN[subject]))
    raise SettingsChanged(
        subject=subject, now=now, operator_name=last and last["operator_name"],
        changed_at=last and last["changed_at"].isoformat(),
    )  # fmt: skip


_LAST_OF_SUBJECT = """
SELECT o.name AS operator_name, a.began_at AS changed_at
FROM act_change c JOIN operator_act a ON a.id = c.act_id JOIN operator o ON o.id = a.operator_id
WHERE c.of_table = 'shop_setting' AND c.row_id IN (SELECT id FROM shop_setting WHERE name = ANY ($1::text[]))
ORDER BY c.id DESC LIMIT 1
"""
_LAST = """
SELECT s.name, s.value IS NOT NULL AS is_chosen, o.name AS operator_name, a.began_at AS changed_at
FROM shop_setting s
LEFT JOIN LATERAL (
    SELECT c.act_id FROM act_change c WHERE c.of_table = 'shop_setting' AND c.row_id = s.id ORDER BY c.id DESC LIMIT 1
) last ON true
LEFT JOIN operator_act a ON a.id = last.act_id LEFT JOIN operator o ON o.id = a.operator_id
"""


async def listing() -> list[Setting]:
    """All terms that are shown, by subject."""
    await follow()
    last = {row["name"]: row for row in await db.fetch(_LAST)}
    now, of_file, without = (asdict(one) for one in (terms.current(), terms.of_file(), terms.Terms()))
    return [
        Setting(
            subject=subject, name=name, value=now[name], default=(without if subject in OF_FILE else of_file)[name],
            is_chosen=bool(name in last and last[name]["is_chosen"]), of_file_alone=subject in OF_FILE,
            operator_name=last[name]["operator_name"] if name in last else None,
            changed_at=last[name]["changed_at"] if name in last else None,
        )
        for name, subject in _SUBJECTS.items()
    ]  # fmt: skip


_LAST_OF_RULES = """
SELECT o.name AS operator_name, a.began_at AS changed_at
FROM act_change c JOIN operator_act a ON a.id = c.act_id JOIN operator o ON o.id = a.operator_id
WHERE c.of_table = $1 ORDER BY c.id DESC LIMIT 1
"""


async def rules() -> list[Rules]:
    """The tables of rules."""
    found = []
    for table in RULES:
        rows = await db.fetchval(f"SELECT count(*) FROM {table}")
        last = await db.fetchrow(_LAST_OF_RULES, table)
        found.append(
            Rules(table, rows, *((last["operator_name"], last["changed_at"]) if last else (None, None)))
        )
    return found


_CHANGES = """
SELECT c.id, c.act_id, c.row_id, c.before::text AS before, c.after::text AS after, o.name AS operator_name, a.began_at AS changed_at
FROM act_change c JOIN operator_act a ON a.id = c.act_id JOIN operator o ON o.id = a.operator_id
WHERE c.of_table = $1 AND ($2::text IS NULL OR c.row_id = (SELECT id FROM shop_setting WHERE name = $2)) AND c.id < $3
ORDER BY c.id DESC LIMIT $4
"""


async def history(of: str, *, before: int | None = None, limit: int = 50) -> list[Change]:
    """What operators changed of a setting (its name), or of a table of rules (the table's), the latest first.

    Raises:
        NoSuchSetting.
    """
    if of not in RULES and of not in _SUBJECTS:
        raise NoSuchSetting(name=of)
    table, name = (of, None) if of in RULES else ("shop_setting", of)
    rows = await db.fetch(_CHANGES, table, name, before if before is not None else 2**62, limit)
    return [
        Change(**{**row, **{side: row[side] and json.loads(row[side]) for side in ("before", "after")}})
        for row in rows
    ]
