"""Alerts to the shop's own people: raised once, open until what raised them is over."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core import clock, db, errors, words

Kind = Literal[
    "proof_failed", "acts_changed", "approval_waiting", "late_money", "job_failing", "job_late", "due_run_paused", "period_parked",
    "bill_stuck", "dunning_stuck",
    "refund_requested", "refund_at_counter", "refund_failed", "refund_abnormal", "refund_contradicted", "refund_not_ours",
    "refund_channel_off", "payments_channel_off", "deduction_review", "abnormal_deduction", "transfer_stopped", "low_balance", "over_cap", "bill_missing",
    "differences_open", "funds_differ", "quarantined", "quarantine_not_sent", "voucher_submitted",
    "remittance_failed", "remittance_stuck", "remittance_contradicted", "remittance_not_ours", "shipping_given_up", "stock_low",
    "after_sale_asked", "segment_run_broken", "standing_stuck",
]  # fmt: skip


class NoSuchAlert(errors.NotFound):
    """There is no alert of this id."""

    code = "no_such_alert"


@dataclass(frozen=True, slots=True)
class StaffAlert:
    """One alert. ``params`` fill the sentence of its kind."""

    id: int
    kind: str
    params: dict[str, Any]
    raised_at: datetime
    resolved_at: datetime | None

    def text(self, locale: str) -> str:
        """What happened, in a person's language."""
        return words.say(f"alerts.{self.kind}", locale, **self.params)


_RAISE = """
INSERT INTO staff_alert (kind, dedup_key, params, raised_at) VALUES ($1, $2, $3::jsonb, $4)
ON CONFLICT (dedup_key) WHERE resolved_at IS NULL DO NOTHING RETURNING id
"""


async def raise_once(kind: Kind, dedup_key: str, params: Mapping[str, Any]) -> bool:
    """Raises an alert unless one of this key is open. Says whether it did. ``dedup_key`` begins with the kind."""
    raised = await db.fetchval(_RAISE, kind, f"{kind}:{dedup_key}", json.dumps(params), clock.now())
    return raised is not None


_RAISE_ALL = """
INSERT INTO staff_alert (kind, dedup_key, params, raised_at)
SELECT $1, key, params::jsonb, $4 FROM unnest($2::text[], $3::text[]) AS a (key, params)
ON CONFLICT (dedup_key) WHERE resolved_at IS NULL DO NOTHING
"""


async def raise_all(kind: Kind, alerts: Mapping[str, Mapping[str, Any]]) -> None:
    """``raise_once`` for a set of alerts of one kind, by their keys."""
    keys = [f"{kind}:{key}" for key in alerts]
    params = [json.dumps(one, ensure_ascii=False) for one in alerts.values()]
    await db.execute(_RAISE_ALL, kind, keys, params, clock.now())


_SINCE = "SELECT raised_at FROM staff_alert WHERE dedup_key = $1 AND resolved_at IS NULL"


async def open_since(kind: Kind, dedup_key: str) -> datetime:
    """When the open alert of this key was raised; now, where there is none."""
    since: datetime | None = await db.fetchval(_SINCE, f"{kind}:{dedup_key}")
    return since or clock.now()


_OPEN = "SELECT dedup_key FROM staff_alert WHERE kind = $1 AND resolved_at IS NULL ORDER BY id LIMIT $2"


async def open_keys(kind: Kind, *, limit: int) -> list[str]:
    """The keys of open alerts of a kind, the oldest first."""
    return [row["dedup_key"].removeprefix(f"{kind}:") for row in await db.fetch(_OPEN, kind, limit)]


_OPEN_OF = "SELECT dedup_key FROM staff_alert WHERE dedup_key = ANY ($1::text[]) AND resolved_at IS NULL ORDER BY dedup_key"


async def open_of(kind: Kind, dedup_keys: Collection[str]) -> list[str]:
    """Which of these keys have an open alert."""
    rows = await db.fetch(_OPEN_OF, [f"{kind}:{key}" for key in dedup_keys])
    return [row["dedup_key"].removeprefix(f"{kind}:") for row in rows]


_RESOLVE = """
UPDATE staff_alert SET resolved_at = $3 WHERE resolved_at IS NULL AND kind = $1 AND dedup_key = ANY ($2::text[])
"""


async def resolve(kind: Kind, dedup_keys: Collection[str]) -> int:
    """Ends the open alerts of these keys. Returns how many there were."""
    return await db.execute(_RESOLVE, kind, [f"{kind}:{key}" for key in dedup_keys], clock.now())


_SEEN_TO = """
WITH ended AS (UPDATE staff_alert SET resolved_at = $2 WHERE id = $1 AND resolved_at IS NULL RETURNING id)
SELECT id, kind, params::text AS params, raised_at, coalesce(resolved_at, $2) AS resolved_at FROM staff_alert WHERE id = $1
"""


async def seen_to(alert_id: int) -> StaffAlert:
    """An operator has seen to what an alert tells of; again changes nothing. What raised it may raise it anew.

    Raises:
        NoSuchAlert: there is none of this id.
    """
    row = await db.fetchrow(_SEEN_TO, alert_id, clock.now())
    if row is None:
        raise NoSuchAlert(alert_id=alert_id)
    return _of_row(row)


_PAGE = """
SELECT id, kind, params::text AS params, raised_at, resolved_at FROM staff_alert
WHERE id < $1 AND ($2::boolean IS NULL OR (resolved_at IS NULL) = $2) ORDER BY id DESC LIMIT $3
"""


async def page(
    *, is_open: bool | None = None, before: int | None = None, limit: int = 20
) -> list[StaffAlert]:
    """Alerts, newest first: all, or only those still open, or only those that are over."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, is_open, limit)
    return [_of_row(row) for row in rows]


def _of_row(row: Mapping[str, Any]) -> StaffAlert:
    return StaffAlert(**{**dict(row), "params": json.loads(row["params"])})


async def count_open() -> int:
    """How many alerts are open."""
    return int(await db.fetchval("SELECT count(*) FROM staff_alert WHERE resolved_at IS NULL"))
