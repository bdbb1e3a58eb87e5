"""The daily seal of what operators did: a hash over each business day's acts and what they changed, chained to the day before, as
``ledger.seal`` does it for the books.

Which acts a day's seal covers is said by their numbers: it goes on where the last one ended and stops before the first act of a later
day. A day is sealed once it is over for an hour and nobody is at work any more below the numbers seen: by then every act has ended, or
never will (its process died), and what was sealed without an end cannot be given one.

What is hashed, each row a line (``core.chain``), instants in microseconds since 1970-01-01 UTC, JSON as PostgreSQL writes it::

    ["act",id,operator_id,kind,operation,about,subject,customer_ids,asked,reason,address,user_agent,request_id,began_at,ended_at,outcome]
    ["change",id,act_id,of_table,row_id,before,after]

    digest of an act = hash(its act line, its change lines by id)
    content_hash     = hash(the digests in order of the acts' ids)
    hash             = hash(previous_hash, content_hash, "day first last acts changes\\n")
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from core import chain, clock, db
from ledger import settled

log = logging.getLogger(__name__)

BLOCK = 1_000
"""So many acts are read at once."""
MOST_CHECKED = 50_000
"""So many acts a look at the seals computes again; of a day that has more, all of them."""
CHECKED_EVERY = timedelta(hours=23)
"""So long after it was computed again a seal is due anew."""
SETTLES_IN = timedelta(hours=1)
"""So long after its day an act has ended, or never will: requests take seconds."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A sealed day (``chain.Link``): its acts, what they changed, and their marks."""

    day: date
    first_id: int
    last_id: int
    acts: int
    changes: int
    content_hash: bytes
    previous_hash: bytes
    hash: bytes
    marks: bytes


Sealed = chain.Sealed[Seal]
Verified = chain.Verified[Seal]


@dataclass(frozen=True, slots=True)
class Checked:
    """What looking at some days found: those that are as they were sealed, and where acts are not what was sealed."""

    days: tuple[date, ...]
    differences: tuple[chain.Difference, ...]

    def __str__(self) -> str:
        return "; ".join([f"{len(self.days)} days are as they were sealed", *map(str, self.differences)])


async def run(*, patience_s: float = 5.0) -> Sealed:
    """Seals every business day of acts that is over and has no seal, in order; days without acts too."""
    if await _next_day() is None:
        return chain.Sealed((), is_waiting=False)
    horizon = await settled.last_ids(("operator_act", "act_change"), patience_s=patience_s)
    if horizon is None:
        log.warning("no day of acts can be sealed: a transaction that may belong to one does not end")
        return chain.Sealed((), is_waiting=True)
    made: list[Seal] = []
    while (day := await _next_day()) is not None:
        if (seal := await _seal(day, horizon["operator_act"])) is None:
            break  # another sealer is at it
        made.append(seal)
    return chain.Sealed(tuple(made), is_waiting=False)


async def verify() -> Verified:
    """Computes every seal again from the acts, oldest first, and stops at the first that differs."""
    stray = await db.fetchval("SELECT min(id) FROM operator_act WHERE id < 1")
    return await chain.verified(_seals(), _changed, stray=stray, row="act")


async def check(*, most_acts: int = MOST_CHECKED) -> Checked:
    """Looks at whether all seals go on from each other and are those that were seen before, and computes some again: each once a day,
    those first that were not looked at for longest, up to ``most_acts``."""
    links = [_Link(*row) for row in await db.fetch(_LINKS)]
    differences = [
        found for last, one in pairwise([None, *links]) if one and (found := chain.broken_link(last, one))
    ]
    for row in await db.fetch(_OTHERS):
        differences.append(chain.Difference(row["day"], None, row["what"]))
    intact, left = [], most_acts
    for row in await db.fetch(_DUE, clock.now() - CHECKED_EVERY):
        if left < row["acts"] and left < most_acts:
            break
        left -= row["acts"]
        if (kept := await db.fetchrow(_ONE, row["day"])) is None:
            continue  # the next look says that it is missing
        seal = Seal(*kept)
        found = await _changed(seal)
        if found is None:
            intact.append(seal.day)
        else:
            differences.append(found)
        await db.execute(_CHECKED, seal.day, seal.hash, clock.now())
    return Checked(tuple(intact), tuple(differences))


# --- sealing --------------------------------------------------------------------------------------------------------

_COLUMNS = "day, first_act_id, last_act_id, acts, changes, content_hash, previous_hash, hash, marks"
_LAST = f"SELECT {_COLUMNS} FROM act_seal ORDER BY day DESC LIMIT 1"
_LATER = "SELECT id FROM operator_act WHERE id >= $1 AND id <= $2 AND began_at >= $3 ORDER BY id LIMIT 1"
_ALONE = "SELECT pg_try_advisory_xact_lock(0x59750004)"
_KEEP = f"INSERT INTO act_seal ({_COLUMNS}, sealed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"


async def _next_day() -> date | None:
    """The oldest day that is over and has no seal; None when there is none, or nobody ever did anything."""
    day: date | None = await db.fetchval("SELECT max(day) + 1 FROM act_seal")
    if day is None:
        first_at = await db.fetchval("SELECT began_at FROM operator_act ORDER BY id LIMIT 1")
        day = None if first_at is None else clock.day_of(first_at)
    return day if day is not None and day < clock.day_of(clock.now() - SETTLES_IN) else None


async def _seal(day: date, horizon: int) -> Seal | None:
    async with db.transaction():
        if not await db.fetchval(_ALONE):
            return None
        row = await db.fetchrow(_LAST)
        if row is not None and row["day"] >= day:
            return None
        last = row and Seal(*row)
        first_id = last.last_id + 1 if last else 1
        later = await db.fetchval(_LATER, first_id, horizon, clock.start_of(day + timedelta(days=1)))
        last_id = max(later - 1 if later is not None else horizon, first_id - 1)
        seal = await _computed(day, first_id, last_id, last.hash if last else chain.NO_HASH)
        await db.execute(_KEEP, *(getattr(seal, name) for name in Seal.__dataclass_fields__), clock.now())
    log.info("sealed acts of %s: %s acts, hash %s", day, seal.acts, seal.hash.hex())
    return seal


async def _computed(day: date, first_id: int, last_id: int, previous: bytes) -> Seal:
    content, marks, acts, changes = hashlib.sha256(), bytearray(), 0, 0
    async for one in _digested(first_id, last_id):
        content.update(one.digest)
        marks += chain.mark(one.act_id, one.digest)
        acts, changes = acts + 1, changes + one.changes
    summary = f"{day} {first_id} {last_id} {acts} {changes}\n".encode("ascii")
    whole = hashlib.sha256(previous + content.digest() + summary).digest()
    return Seal(day, first_id, last_id, acts, changes, content.digest(), previous, whole, bytes(marks))


# --- verifying ------------------------------------------------------------------------------------------------------

_FIRST_SEAL = f"SELECT {_COLUMNS} FROM act_seal ORDER BY day LIMIT 1"
_NEXT_SEAL = f"SELECT {_COLUMNS} FROM act_seal WHERE day > $1 ORDER BY day LIMIT 1"


async def _seals() -> AsyncIterator[Seal]:
    row = await db.fetchrow(_FIRST_SEAL)
    while row is not None:
        yield Seal(*row)
        row = await db.fetchrow(_NEXT_SEAL, row["day"])


async def _changed(seal: Seal) -> chain.Difference | None:
    again = await _computed(seal.day, seal.first_id, seal.last_id, seal.previous_hash)
    if again == seal:
        return None
    found = await chain.first_difference(_each(seal.marks), _each(again.marks))
    row_id, what = found or (None, "its seal was rewritten")
    return chain.Difference(seal.day, row_id, what, "act")


async def _each(marks: bytes) -> AsyncIterator[tuple[int, bytes]]:
    for one in chain.marks_of(marks):
        yield one


# --- looking at some ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Link:
    day: date
    first_id: int
    last_id: int
    previous_hash: bytes
    hash: bytes


_LINKS = "SELECT day, first_act_id, last_act_id, previous_hash, hash FROM act_seal ORDER BY day"
_OTHERS = """
SELECT c.day, CASE WHEN s.id IS NULL THEN 'its seal is missing' ELSE 'its seal was rewritten' END AS what
FROM act_check c LEFT JOIN act_seal s ON s.day = c.day WHERE s.hash IS DISTINCT FROM c.hash ORDER BY c.day
"""
_DUE = """
SELECT s.day, s.acts FROM act_seal s LEFT JOIN act_check c ON c.day = s.day
WHERE c.checked_at IS NULL OR c.checked_at <= $1 OR c.checked_at > $1 + interval '2 days' ORDER BY c.checked_at NULLS FIRST, s.day
"""
_ONE = f"SELECT {_COLUMNS} FROM act_seal WHERE day = $1"
_CHECKED = """
INSERT INTO act_check (day, hash, checked_at) VALUES ($1, $2, $3) ON CONFLICT (day) DO UPDATE SET checked_at = excluded.checked_at
"""


# --- the canonical form ---------------------------------------------------------------------------------------------

_ACTS = """
SELECT 'act', id, operator_id, kind, operation, about, subject, customer_ids::text, asked::text, reason, address, user_agent, request_id,
    (extract(epoch FROM began_at) * 1000000)::bigint, (extract(epoch FROM ended_at) * 1000000)::bigint, outcome
FROM operator_act WHERE id BETWEEN $1 AND $2 ORDER BY id LIMIT $3
"""
_CHANGES = """
SELECT 'change', id, act_id, of_table, row_id, before::text, after::text FROM act_change WHERE act_id BETWEEN $1 AND $2 ORDER BY act_id, id
"""


@dataclass(frozen=True, slots=True)
class _Digested:
    """One act as it stands there."""

    act_id: int
    digest: bytes
    changes: int


async def _digested(first_id: int, last_id: int) -> AsyncIterator[_Digested]:
    while first_id <= last_id:
        acts = await db.fetch(_ACTS, first_id, last_id, BLOCK)
        upto = acts[-1]["id"] if len(acts) == BLOCK else last_id
        found = {row["id"]: [chain.line(row)] for row in acts}
        for row in await db.fetch(_CHANGES, first_id, upto):
            found.setdefault(row["act_id"], []).append(chain.line(row))
        for act_id, lines in sorted(found.items()):
            yield _Digested(act_id, hashlib.sha256(b"".join(lines)).digest(), len(lines) - 1)
        first_id = upto + 1
