"""What happens in conversations, told as it happens: as server-sent events, or page by page to who asks again and again.

A stream is a reader of the table of events: it begins after the last number its client saw, so nothing is lost or told twice; the bell of
PostgreSQL only says when to look. Before each look the session is asked for again, so who is signed out, let go or given other posts gets
nothing more.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from admin_api.services import Operator, Services
from core import http as kit
from core.bell import Bell
from core.http import streams
from members import conversation_events, duties, operators

Request = web.Request
_BEAT_S = 15.0
_LOOK_S = 2.0
"""So often it is looked for something new: as the heart-beat goes, or where the bell is not heard."""
_AT_ONCE = 50
"""No more is read ahead for a client than this."""


class EventsQuery(kit.Query):
    after: Annotated[
        int | None,
        Field(
            ge=0,
            le=2**62,
            description="上次看到的编号；不填从现在起 · the last number seen; left out: from now on",
        ),
    ] = None


class LiveEvent(kit.Answer):
    id: int
    kind: Annotated[
        str,
        Field(
            description="waiting 等待接待，taken 有人接待，moved 离开本店，message 新的话，delivery 发送结果，closed 已结束",
            examples=["message"],
        ),
    ]
    at: kit.Instant
    conversation_id: int
    state: str
    store: str | None
    operator_id: int | None
    customer_id: int | None
    message_id: int | None
    author: str | None
    message_kind: str | None
    text: str | None
    delivery: str | None
    reason: str | None


class LiveEvents(kit.Answer):
    items: list[LiveEvent]
    last_id: Annotated[int, Field(description="下次用作 after · for `after` next time")]
    reset: Annotated[
        bool,
        Field(
            description="错过了太早的事件，请重新读列表 · what came before is not kept any more: read the lists again"
        ),
    ]


async def answer(
    query: EventsQuery, caller: Operator, services: Services, request: web.Request, duty: duties.Duty
) -> LiveEvents | kit.EventStream:
    """A stream to who asks for one, else a page at once."""
    after = streams.last_id(request) if query.after is None else query.after
    first, newest = await conversation_events.ends()
    reset = after is not None and (after < first - 1 or after > newest)
    start = newest if after is None or reset else after
    if streams.wants(request):
        return kit.EventStream(_told(caller, services.bell, duty, start, reset=reset))
    found = await conversation_events.after(start, within=caller.stores(duty), limit=_AT_ONCE)
    items = [LiveEvent.model_validate(one) for one in found]
    return LiveEvents(items=items, last_id=items[-1].id if items else start, reset=reset)


async def _told(
    caller: Operator, bell: Bell, duty: duties.Duty, last: int, *, reset: bool
) -> AsyncIterator[kit.ServerEvent]:
    # the first number at once: who reads the lists after it misses nothing between
    yield kit.ServerEvent("reset" if reset else "ready", "{}", last)
    async with bell.ear() as ear:
        beat_at = _now() + _BEAT_S
        while not bell.is_closed:
            ear.clear()
            found = await _look(caller, duty, last)
            if found is None:
                yield kit.ServerEvent("bye", "{}")
                return
            for event in found:
                last = event.id
                yield kit.ServerEvent(event.kind, _json(event), event.id)
            if len(found) == _AT_ONCE:
                continue
            if _now() >= beat_at:
                yield kit.ServerEvent()
                beat_at = _now() + _BEAT_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_BEAT_S if bell.is_heard else _LOOK_S):
                    await ear.wait()


async def _look(caller: Operator, duty: duties.Duty, last: int) -> list[conversation_events.Event] | None:
    """What is new; None: they are not signed in any more, or may not see it any more."""
    on_duty = await operators.of_token(caller.token)
    if on_duty is None or not duties.allowed(on_duty.posts, duty):
        return None
    return await conversation_events.after(last, within=duties.stores(on_duty.posts, duty), limit=_AT_ONCE)


def _json(event: Any) -> str:
    return LiveEvent.model_validate(event).model_dump_json()


def _now() -> float:
    return asyncio.get_running_loop().time()
