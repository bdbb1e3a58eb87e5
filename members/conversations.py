"""Conversations: what the platform pushed to us, each message acted on once however often it arrives.

``once`` is for what has an effect: the message is taken, acted on and answered in one transaction. ``asked`` is for questions, which
change nothing: answered first, then kept with others of the same moment.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from core import batches, clock, db

MAX_CONTENT_CHARS = 4_000


@dataclass(frozen=True, slots=True)
class Received:
    """A pushed message. ``dedup_key`` is the same for every delivery of it, and for no other message of the app."""

    app_id: str
    dedup_key: str
    openid: str
    kind: str
    content: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The reply to a message (empty: nothing to say), and whether this delivery is the one that acted."""

    reply: str
    is_new: bool


_TAKE = """
INSERT INTO chat_message (app_id, dedup_key, openid, kind, content, received_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (app_id, dedup_key) DO NOTHING RETURNING id
"""
_KEEP = "UPDATE chat_message SET reply = $2 WHERE id = $1"
_FIND = "SELECT reply FROM chat_message WHERE app_id = $1 AND dedup_key = $2"


_LATELY = "SELECT count(*) > 1 FROM (SELECT FROM chat_message WHERE app_id = $1 AND openid = $2 AND received_at > $3 LIMIT 2) lately"
_GREETED_EVERY = timedelta(hours=24)


async def wrote_lately(app_id: str, openid: str) -> bool:
    """Whether somebody was here within a day before the message that is being taken in."""
    return bool(await db.fetchval(_LATELY, app_id, openid, clock.now() - _GREETED_EVERY))


@db.retried
async def once(received: Received, act: Callable[[], Awaitable[str]]) -> Answered:
    """Runs ``act`` for a message that is new, in one transaction with its record, and keeps the reply it returns.

    A repeat gets the kept reply. A twin that arrives meanwhile waits for the first: PostgreSQL lets its insert go on only
    when the first has committed (it then finds the reply) or failed (it then acts itself, since nothing was done). ``act``
    calls desk functions and nothing outside; it may run again when PostgreSQL aborts it.
    """
    async with db.transaction():
        message_id = await db.fetchval(
            _TAKE,
            received.app_id,
            received.dedup_key,
            received.openid,
            received.kind,
            received.content[:MAX_CONTENT_CHARS],
            clock.now(),
        )
        if message_id is None:
            return Answered(await db.fetchval(_FIND, received.app_id, received.dedup_key) or "", is_new=False)
        reply = await act()
        await db.execute(_KEEP, message_id, reply)
        return Answered(reply, is_new=True)


class HasEffect(Exception):
    """What looked like a question is to change something after all; it has changed nothing yet."""


def is_claimed() -> bool:
    """Whether what is being answered was taken in before, in the answer's transaction, so that the answer may change something."""
    return db.pool() is None


_KEEP_ANSWERED = """
WITH quickly AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true) AS commits, set_config('lock_timeout', $8, true) AS waits
)
INSERT INTO chat_message (app_id, dedup_key, openid, kind, content, reply, received_at)
SELECT g.*, $7 FROM quickly, unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
    AS g (app_id, dedup_key, openid, kind, content, reply)
WHERE quickly.commits = 'off' AND quickly.waits IS NOT NULL ORDER BY g.app_id, g.dedup_key
ON CONFLICT (app_id, dedup_key) DO NOTHING RETURNING app_id, dedup_key
"""
"""In one order, so that two sets with the same messages wait for each other and not in a circle. Nobody waits for the disk: what is lost
when the database's machine fails within a second is that a question was asked, and a repeat of it is answered anew."""
_PATIENCE = "250ms"
"""So long a set waits for a twin that is acted on elsewhere; then each of its members goes alone. "0": as long as it takes."""
_FIND_SOME = """
SELECT app_id, dedup_key, reply FROM chat_message WHERE app_id = ANY ($1::text[]) AND dedup_key = ANY ($2::text[])
"""


async def asked(received: Received, answer: Callable[[], Awaitable[str]]) -> Answered:
    """Answers a question, and keeps it with the reply that ``answer`` returns. ``answer`` changes nothing: it may run for each delivery.

    A repeat gets the kept reply. Of twins at work at the same time one is kept, and both get its reply. One that cannot be kept is not
    answered, as with ``once``. An ``answer`` that raises HasEffect is asked again in the transaction of ``once``.
    """
    if db.pool() is None:  # inside a transaction, whose commit is not ours to hasten
        return await once(received, answer)
    try:
        reply = await answer()
    except HasEffect:
        return await once(received, answer)
    found = await _kept_together.done((received, reply))
    return found if found is not None else (await _keep([(received, reply)], patience="0"))[0]


async def _keep(given: Sequence[tuple[Received, str]], patience: str = _PATIENCE) -> list[Answered]:
    """Keeps questions with their replies, by one statement of its own; none of them twice among the given."""
    columns: list[list[str]] = [
        [one.app_id for one, _ in given],
        [one.dedup_key for one, _ in given],
        [one.openid for one, _ in given],
        [one.kind for one, _ in given],
        [one.content[:MAX_CONTENT_CHARS] for one, _ in given],
        [reply for _, reply in given],
    ]
    new = {tuple(row) for row in await db.fetch(_KEEP_ANSWERED, *columns, clock.now(), patience)}
    kept = {}
    if len(new) < len(given):
        rows = await db.fetch(_FIND_SOME, columns[0], columns[1])
        kept = {(row["app_id"], row["dedup_key"]): row["reply"] or "" for row in rows}
    return [
        Answered(reply, is_new=True)
        if (key := (one.app_id, one.dedup_key)) in new
        else Answered(kept.get(key, ""), is_new=False)
        for one, reply in given
    ]


_kept_together = batches.Batches(_keep, of=lambda given: (given[0].app_id, given[0].dedup_key))


_BETWEEN = """
SELECT m.content FROM chat_message m, chat_message earlier, chat_message this
WHERE earlier.app_id = $1 AND earlier.dedup_key = $3 AND this.app_id = $1 AND this.dedup_key = $4 AND m.app_id = $1 AND m.openid = $2
  AND m.received_at > earlier.received_at - interval '1 minute' AND m.id > earlier.id AND m.id < this.id
  AND m.kind IN ('text', 'voice', 'click')
ORDER BY m.id DESC LIMIT 10
"""


async def said_between(app_id: str, openid: str, *, after: str, before: str) -> list[str]:
    """What somebody wrote or tapped between two messages of theirs, by the keys of both, the latest first."""
    return [row["content"] for row in await db.fetch(_BETWEEN, app_id, openid, after, before)]


_WITH_PEOPLE = """
SELECT EXISTS (
    SELECT FROM conversation c, chat_message earlier
    WHERE earlier.app_id = $1 AND earlier.dedup_key = $4 AND c.customer_id = $3 AND c.app_id = $1 AND c.openid = $2
      AND (c.closed_at IS NULL OR c.closed_at > earlier.received_at))
"""


async def with_people_since(app_id: str, openid: str, customer_id: int, *, after: str) -> bool:
    """Whether the shop's people had a customer's chat at any time after a message of theirs, by its key."""
    found: bool = await db.fetchval(_WITH_PEOPLE, app_id, openid, customer_id, after)
    return found
