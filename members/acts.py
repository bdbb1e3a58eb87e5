"""What operators did: each write they ask for is written down before it is begun, and how it ended after; each time they are shown what
tells of customers, before it is shown.

What a write changed is noted by the database itself, row by row (``act_change``): while ``db.ACT`` names an act, whatever the desk writes
is a transaction under its name, and a trigger keeps what the rows were and became. So there is a change exactly where something changed,
whoever forgot to say so. ``act_seals`` seals all of it day by day.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core import clock, db, errors, masks

LONGEST_ASKED = 8_000
"""Of what was sent, no more characters of JSON are kept."""
MOST_CUSTOMERS = 100
"""Of the customers an act was about, no more are kept."""

_SECRET = (
    "password", "token", "secret", "card_no", "account_no", "payee_name", "tax_no", "email", "one_time_code", "authorization_code",
    "credential",
)  # fmt: skip
"""What has one of these in its name is left out, and what is called one of the next."""
_SECRET_NAMES = frozenset({"old"})
_LONGEST = {
    "operation": 80,
    "about": 300,
    "subject": 120,
    "reason": 500,
    "address": 45,
    "user_agent": 200,
    "request_id": 64,
}


class NoSuchAct(errors.NotFound):
    """There is no act of this number."""

    code = "no_such_act"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What an operator asked for. ``about``: method and path; ``subject``: what the path names, ``bill:B2026…``; ``reason``: why, where
    they were asked; ``address`` and ``user_agent`` are the client's."""

    operator_id: int
    operation: str
    about: str
    asked: Mapping[str, Any]
    request_id: str
    subject: str | None = None
    customer_ids: Sequence[int] = ()
    reason: str | None = None
    address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """One write or read. ``outcome`` is ``done``, a refusal's code, ``failed``, or None: it has not ended, or its process died meanwhile.
    ``customer_ids``: whom it was about or who was shown, the first hundred."""

    id: int
    operator_id: int
    operator_name: str
    kind: Literal["read", "write"]
    operation: str
    about: str
    subject: str | None
    customer_ids: Sequence[int]
    asked: Mapping[str, Any]
    reason: str | None
    address: str
    user_agent: str
    request_id: str
    began_at: datetime
    ended_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One row that an act changed, by what differs. ``before`` None: it was not there; ``after`` None: it is gone; ``row_id`` None:
    there were more than are kept."""

    of_table: str
    row_id: int | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which acts are looked for; None: whichever. ``text`` is looked for in what was sent and in the reason."""

    kind: str | None = None
    operator_id: int | None = None
    operation: str | None = None
    subject: str | None = None
    customer_id: int | None = None
    outcome: str | None = None
    address: str | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None


_WRITE = """
INSERT INTO operator_act (kind, operator_id, operation, about, subject, customer_ids, asked, reason, address, user_agent, request_id,
    began_at, ended_at, outcome)
VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10, $11, $12, $13, $14) RETURNING id
"""


async def began(deed: Deed) -> int:
    """Writes down what an operator is about to do; until ``ended``, what the task writes is noted under it. Returns the number for
    ``ended``. Secrets are left out, what is very long is cut."""
    act_id = await _written("write", deed, None)
    db.ACT.set(act_id)
    return act_id


async def seen(deed: Deed, outcome: str) -> None:
    """Writes down what an operator is about to be shown, or was refused."""
    await _written("read", deed, outcome)


async def refused(deed: Deed, outcome: str, *, is_read: bool) -> None:
    """Writes down what an operator asked for and may not do, or what could not be understood, before they are told."""
    await _written("read" if is_read else "write", deed, outcome)


async def _written(kind: str, deed: Deed, outcome: str | None) -> int:
    now = clock.now()
    found = await db.fetchval(
        _WRITE, kind, deed.operator_id, _cut("operation", deed.operation), _cut("about", masked(deed.about)),
        _cut("subject", deed.subject), _some(deed.customer_ids), _kept(deed.asked), _cut("reason", deed.reason),
        _cut("address", deed.address), _cut("user_agent", deed.user_agent), _cut("request_id", deed.request_id),
        now, now if outcome else None, outcome and outcome[:60],
    )  # fmt: skip
    return int(found)


def _cut(name: str, text: str | None) -> str | None:
    return None if text is None else text.replace("\0", "")[: _LONGEST[name]]


def _some(customer_ids: Iterable[int]) -> list[int]:
    return list(dict.fromkeys(customer_ids))[:MOST_CUSTOMERS]


def _kept(asked: Mapping[str, Any]) -> str:
    text = json.dumps(_without_secrets(asked), ensure_ascii=False, default=str)
    if len(text) > LONGEST_ASKED:
        text = json.dumps({"cut": text[: LONGEST_ASKED // 2]}, ensure_ascii=False)
    return text


def masked(text: str) -> str:
    """The text with mobile numbers and e-mail addresses masked."""
    return masks.within(text)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: "***" if _is_secret(str(name)) else _without_secrets(one) for name, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_secrets(one) for one in value]
    return masked(value) if isinstance(value, str) else value


def _is_secret(name: str) -> bool:
    return name in _SECRET_NAMES or any(part in name for part in _SECRET)


_ENDED = """
UPDATE operator_act SET ended_at = $2, outcome = $3,
    customer_ids = (SELECT array(SELECT one FROM (SELECT one, min(at) AS at FROM unnest(customer_ids || $4::bigint[]) WITH ORDINALITY AS a (one, at)
        GROUP BY one) AS once ORDER BY at LIMIT greatest($5, cardinality(customer_ids))))
WHERE id = $1 AND ended_at IS NULL
"""


async def ended(act_id: int, outcome: str, customer_ids: Sequence[int] = ()) -> None:
    """Writes down how it ended, and whom else it turned out to be about."""
    db.ACT.set(None)  # the next request of a connection runs in the same task
    await db.execute(_ENDED, act_id, clock.now(), outcome[:60], _some(customer_ids), MOST_CUSTOMERS)


_SHOWN = """
SELECT a.id, a.operator_id, o.name AS operator_name, a.kind, a.operation, a.about, a.subject, a.customer_ids, a.asked::text AS asked, a.reason,
    a.address, a.user_agent, a.request_id, a.began_at, a.ended_at, a.outcome
FROM operator_act a JOIN operator o ON o.id = a.operator_id
"""


async def page(wanted: Wanted | None = None, *, before: int | None = None, limit: int = 50) -> list[Act]:
    """What operators did, the latest first; ``before`` is the id the last page ended at."""
    where, values = _conditions(wanted or Wanted(), before)
    sql = f"{_SHOWN} WHERE {where} ORDER BY a.id DESC LIMIT ${len(values) + 1}"
    return [_act(row) for row in await db.fetch(sql, *values, limit)]


async def count(wanted: Wanted, most: int) -> int:
    """How many there are; of more than ``most`` that many."""
    where, values = _conditions(wanted, None)
    sql = f"SELECT count(*) FROM (SELECT FROM operator_act a WHERE {where} LIMIT ${len(values) + 1}) AS found"
    return int(await db.fetchval(sql, *values, most))


async def get(act_id: int) -> Act:
    """One act.

    Raises:
        NoSuchAct.
    """
    row = await db.fetchrow(f"{_SHOWN} WHERE a.id = $1", act_id)
    if row is None:
        raise NoSuchAct(act_id=act_id)
    return _act(row)


_CHANGES = """
SELECT act_id, of_table, row_id, before::text AS before, after::text AS after FROM act_change WHERE act_id = ANY ($1::bigint[]) ORDER BY id
"""


async def changes(act_ids: Sequence[int]) -> dict[int, list[Change]]:
    """What these acts changed, in order; who changed nothing is left out."""
    found: dict[int, list[Change]] = {}
    for row in await db.fetch(_CHANGES, list(act_ids)):
        before, after = (row[side] and json.loads(row[side]) for side in ("before", "after"))
        found.setdefault(row["act_id"], []).append(Change(row["of_table"], row["row_id"], before, after))
    return found


def _act(row: Mapping[str, Any]) -> Act:
    return Act(**{**row, "asked": json.loads(row["asked"])})


def _conditions(wanted: Wanted, before: int | None) -> tuple[str, list[Any]]:
    """Only what is asked for, so that each question finds its index."""
    text = None if wanted.text is None else "%" + re.sub(r"([%_\\])", r"\\\1", masked(wanted.text)) + "%"
    asked: tuple[tuple[str, Any], ...] = (
        ("a.id < {}", before),
        ("a.kind = {}", wanted.kind),
        ("a.operator_id = {}", wanted.operator_id),
        ("a.operation = {}", wanted.operation),
        ("a.subject = {}", wanted.subject),
        ("a.customer_ids @> ARRAY[{}::bigint]", wanted.customer_id),
        ("a.outcome = {}", wanted.outcome),
        ("a.address = {}", wanted.address),
        ("(a.asked::text ILIKE {0} OR a.reason ILIKE {0})", text),
        ("a.began_at >= {}", wanted.since),
        ("a.began_at < {}", wanted.until),
    )
    told = [(condition, value) for condition, value in asked if value is not None]
    where = [condition.format(f"${at}") for at, (condition, _) in enumerate(told, 1)]
    return " AND ".join(where) or "true", [value for _, value in told]
