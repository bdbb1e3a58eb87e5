"""Alerts to the shop's own people."""

from typing import Any, Literal

from billing import staff_alerts
from core import http as kit


class AlertsQuery(kit.PageQuery):
    state: Literal["open", "resolved"] | None = None


class Alert(kit.Answer):
    id: int
    kind: str
    text: str
    params: dict[str, Any]
    raised_at: kit.Instant
    resolved_at: kit.Instant | None


async def listing(query: AlertsQuery, locale: str) -> kit.Page[Alert]:
    """The newest first."""
    is_open = None if query.state is None else query.state == "open"
    rows = await staff_alerts.page(is_open=is_open, before=query.after(int), limit=query.limit + 1)
    cut = kit.cut(rows, query, lambda row: row.id)
    items = [_told(row, locale) for row in cut.items]
    return kit.Page[Alert](items=items, next_cursor=cut.next_cursor)


async def resolve(alert_id: int, locale: str) -> Alert:
    """Somebody has seen to it."""
    return _told(await staff_alerts.seen_to(alert_id), locale)


def _told(row: staff_alerts.StaffAlert, locale: str) -> Alert:
    return Alert.model_validate({**_fields(row), "text": row.text(locale)})


def _fields(row: staff_alerts.StaffAlert) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("id", "kind", "params", "raised_at", "resolved_at")}
