"""What ``yucun inbox`` says, and the readers it verifies with."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import aiohttp

from app import config, outside
from billing import inbox, inbox_replays
from core import clock
from shop import orders as _orders  # noqa: F401 (a bill that a replay pays may be an order's)

_BY = "cli"


async def listing(*, channel: str | None, failed: bool, limit: int) -> list[str]:
    """The newest notifications, a line each; with ``failed`` only those that were not handled."""
    rows = await inbox_replays.page(channel=channel, handled=False if failed else None, limit=limit)
    return [_line(row) for row in rows] or ["没有通知 · no notifications"]


async def one(notice_id: int) -> list[str]:
    """One notification as it came."""
    return _lines(await inbox_replays.get(notice_id))


async def replay(settings: config.Config, notice_id: int) -> list[str]:
    """Hands one in again."""
    async with _readers(settings) as readers:
        return _lines(await inbox_replays.replay(readers, notice_id, operator=_BY))


async def replay_failed(settings: config.Config) -> tuple[bool, list[str]]:
    """Hands in again what was not handled; well, if nothing is left."""
    async with _readers(settings) as readers:
        done = await inbox_replays.replay_failed(readers, operator=_BY)
    return not done.left, [
        f"已处理 {done.handled}，仍未处理 {done.left} · handled {done.handled}, left {done.left}"
    ]


@contextlib.asynccontextmanager
async def _readers(settings: config.Config) -> AsyncIterator[inbox.Readers]:
    async with aiohttp.ClientSession() as session:
        yield outside.build(settings, session=session, redis=None).readers


def _line(row: inbox_replays.Notice) -> str:
    at = row.received_at.astimezone(clock.zone()).strftime("%Y-%m-%d %H:%M:%S")
    stands = row.outcome or row.refusal or row.fault or "waiting"
    return f"{row.id}\t{at}\t{row.channel}\t{row.verdict}\t{row.payment_no or '-'}\t×{row.receipts}\t{stands}"


def _lines(found: inbox_replays.Whole) -> list[str]:
    said = [_line(found.notice)]
    said += [f"{name}: {value}" for name, value in sorted(found.headers.items())]
    said += ["", found.body.decode("utf-8", "backslashreplace"), ""]
    said += [f"{one.created_at:%Y-%m-%d %H:%M:%S%z} {one.operator}: {one.outcome}" for one in found.replays]
    return said
