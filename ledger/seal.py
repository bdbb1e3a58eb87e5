"""The daily seal: a hash over each business day of the books, chained to the day before (I4).

Which transfers a day's seal covers is said by their numbers, not by their times: the seal of a day goes on where the last one
ended and stops before the first transfer of a later day. So every transfer is covered by exactly one seal, and a straggler
(taken up before midnight, numbered after the first transfer of the new day) is covered by the next.

A transfer may be committed long after it was numbered. Therefore only numbers are sealed below which nobody is at work any
more (``settled.last_ids``): a transaction that was open when the sealer looked is waited for, and when it does not end, the
day stays unsealed until a later run. What is committed afterwards has a higher number and goes into the next seal.

What is hashed (SHA-256 throughout). Each row is one line: a JSON array without spaces, in ASCII (``\\uXXXX``, lower case), ended
by a line feed; instants are microseconds since 1970-01-01 UTC::

    ["transfer",id,reference,kind,fingerprint in hex,operator,memo,burn_policy,reverses_id,created_at]
    ["posting",id,transfer_id,source_id,target_id,source_lot_id,target_lot_id,amount_fen]
    ["entry",id,transfer_id,account_id,entry_no,principal_fen,bonus_fen,principal_after_fen,bonus_after_fen,created_at]

    digest of a transfer = hash(its transfer line, its posting lines by id, its entry lines by id)
    content_hash         = hash(the digests in order of the transfers' ids)
    hash                 = hash(previous_hash, content_hash, "day first last transfers postings entries amount_fen\\n")

The first day's ``previous_hash`` is 32 zero bytes. Whoever keeps a day's hash somewhere else can tell later whether anything up
to that day was rewritten, seals included.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import asyncpg

from core import chain, clock, db
from ledger import settled

log = logging.getLogger(__name__)

BLOCK = 1000
"""So many transfers are read at once."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A sealed day (``chain.Link``): its transfers, and what they moved."""

    day: date
    first_id: int
    last_id: int
    transfers: int
    postings: int
    entries: int
    amount_fen: int
    content_hash: bytes
    previous_hash: bytes
    hash: bytes


Sealed = chain.Sealed[Seal]
Verified = chain.Verified[Seal]


async def run(*, patience_s: float = 5.0) -> Sealed:
    """Seals every finished business day that has no seal, in order; days without transfers too.

    Each day is one transaction. Several may run at once: for each day one wins and the others go on from its seal.
    """
    last_day = await db.fetchval("SELECT max(day) FROM seal")
    if last_day is not None and last_day >= clock.today() - timedelta(days=1):
        return chain.Sealed((), is_waiting=False)
    horizon = await settled.last_ids(("transfer",), patience_s=patience_s)
    if horizon is None:
        log.warning("no day can be sealed: a transaction that may have posted does not end")
        return chain.Sealed((), is_waiting=True)
    made: list[Seal] = []
    while (day := await _next_day()) is not None:
        if (seal := await _seal(day, horizon["transfer"])) is not None:
            made.append(seal)
    return chain.Sealed(tuple(made), is_waiting=False)


async def verify() -> Verified:
    """Computes every seal again from the books, oldest first, and stops at the first that differs."""
    stray = await db.fetchval("SELECT min(id) FROM transfer WHERE id < 1")
    return await chain.verified(_seals(), _changed, stray=stray, row="transfer")


# --- sealing --------------------------------------------------------------------------------------------------------

_COLUMNS = """day, first_transfer_id, last_transfer_id, transfers, postings, entries, amount_fen, content_hash, previous_hash,
    hash"""
_LAST = f"SELECT {_COLUMNS} FROM seal ORDER BY day DESC LIMIT 1"

# The first number of a later day; asked in order of the numbers, so it reads the day's transfers and stops.
_LATER = "SELECT id FROM transfer WHERE id >= $1 AND id <= $2 AND created_at >= $3 ORDER BY id LIMIT 1"

_KEEP_BLOCK = """
INSERT INTO seal_block (day, block_no, marks) VALUES ($1, $2, $3) ON CONFLICT (day, block_no) DO NOTHING RETURNING id
"""
_KEEP = f"""
INSERT INTO seal ({_COLUMNS}, sealed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (day) DO NOTHING RETURNING id
"""


class _Lost(Exception):
    """Another sealer was first."""


async def _next_day() -> date | None:
    """The oldest finished day without a seal; None when there is none, or nothing was ever posted."""
    day: date | None = await db.fetchval("SELECT max(day) + 1 FROM seal")
    if day is None:
        first_at = await db.fetchval("SELECT created_at FROM transfer ORDER BY id LIMIT 1")
        day = None if first_at is None else clock.day_of(first_at)
    return day if day is not None and day < clock.today() else None


async def _seal(day: date, horizon: int) -> Seal | None:
    """Seals one day; None when another sealer did."""
    try:
        async with db.transaction():
            row = await db.fetchrow(_LAST)
            if row is not None and row["day"] >= day:
                return None
            seal = await _computed(day, row and Seal(*row), horizon)
            values = [getattr(seal, name) for name in Seal.__dataclass_fields__]
            if await db.fetchval(_KEEP, *values, clock.now()) is None:
                raise _Lost
    except _Lost:
        return None
    log.info("sealed %s: %s transfers, hash %s", day, seal.transfers, seal.hash.hex())
    return seal


async def _computed(day: date, last: Seal | None, horizon: int) -> Seal:
    first_id = last.last_id + 1 if last else 1
    later = await db.fetchval(_LATER, first_id, horizon, clock.start_of(day + timedelta(days=1)))
    last_id = max(later - 1 if later is not None else horizon, first_id - 1)
    content = _Content()
    block_no = 0
    async for block in _blocks(first_id, last_id):
        content.add(block)
        marks = b"".join(one.mark() for one in block)
        if block and await db.fetchval(_KEEP_BLOCK, day, block_no, marks) is None:
            raise _Lost
        block_no += 1
    return content.seal(day, first_id, last_id, last.hash if last else chain.NO_HASH)


# --- verifying ------------------------------------------------------------------------------------------------------

_NEXT_SEAL = f"SELECT {_COLUMNS} FROM seal WHERE day > $1 ORDER BY day LIMIT 1"
_FIRST_SEAL = f"SELECT {_COLUMNS} FROM seal ORDER BY day LIMIT 1"
_BLOCK_MARKS = "SELECT marks FROM seal_block WHERE day = $1 AND block_no = $2"


async def _seals() -> AsyncIterator[Seal]:
    row = await db.fetchrow(_FIRST_SEAL)
    while row is not None:
        yield Seal(*row)
        row = await db.fetchrow(_NEXT_SEAL, row["day"])


async def _changed(seal: Seal) -> chain.Difference | None:
    content = _Content()
    async for block in _blocks(seal.first_id, seal.last_id):
        content.add(block)
    again = content.seal(seal.day, seal.first_id, seal.last_id, seal.previous_hash)
    if again == seal:
        return None
    if again.content_hash == seal.content_hash:
        return chain.Difference(seal.day, None, "its seal was rewritten")
    return await _first_difference(seal) or chain.Difference(seal.day, None, "its seal was rewritten")


async def _first_difference(seal: Seal) -> chain.Difference | None:
    """Walks the books and the marks kept with the seal side by side."""
    found = await chain.first_difference(_kept_marks(seal.day), _marks_there(seal))
    return found and chain.Difference(seal.day, *found, "transfer")


async def _kept_marks(day: date) -> AsyncIterator[tuple[int, bytes]]:
    block_no = 0
    while (marks := await db.fetchval(_BLOCK_MARKS, day, block_no)) is not None:
        for one in chain.marks_of(marks):
            yield one
        block_no += 1


async def _marks_there(seal: Seal) -> AsyncIterator[tuple[int, bytes]]:
    async for block in _blocks(seal.first_id, seal.last_id):
        for one in block:
            yield one.transfer_id, one.mark()


# --- the canonical form ---------------------------------------------------------------------------------------------

_TRANSFERS = """
SELECT 'transfer', id, reference, kind, encode(fingerprint, 'hex'), operator, memo, burn_policy, reverses_id,
       (extract(epoch FROM created_at) * 1000000)::bigint
FROM transfer WHERE id BETWEEN $1 AND $2 ORDER BY id LIMIT $3
"""
_POSTINGS = """
SELECT 'posting', id, transfer_id, source_id, target_id, source_lot_id, target_lot_id, amount_fen
FROM posting WHERE transfer_id BETWEEN $1 AND $2 ORDER BY transfer_id, id
"""
_ENTRIES = """
SELECT 'entry', id, transfer_id, account_id, entry_no, principal_fen, bonus_fen, principal_after_fen, bonus_after_fen,
       (extract(epoch FROM created_at) * 1000000)::bigint
FROM entry WHERE transfer_id BETWEEN $1 AND $2 ORDER BY transfer_id, id
"""


@dataclass(slots=True)
class _Digested:
    """One transfer number of the books: what stands there, as a running hash."""

    transfer_id: int
    hashed: hashlib._Hash
    transfers: int = 0
    postings: int = 0
    entries: int = 0
    amount_fen: int = 0

    def mark(self) -> bytes:
        """Its number and the start of its digest."""
        return chain.mark(self.transfer_id, self.hashed.digest())


class _Content:
    """The content of a day, added block by block."""

    def __init__(self) -> None:
        self._hashed = hashlib.sha256()
        self._transfers = self._postings = self._entries = self._amount_fen = 0

    def add(self, block: list[_Digested]) -> None:
        """Takes the next transfers in order."""
        for one in block:
            self._hashed.update(one.hashed.digest())
            self._transfers += one.transfers
            self._postings += one.postings
            self._entries += one.entries
            self._amount_fen += one.amount_fen

    def seal(self, day: date, first_id: int, last_id: int, previous: bytes) -> Seal:
        """The seal over what was added."""
        counts = (self._transfers, self._postings, self._entries, self._amount_fen)
        content = self._hashed.digest()
        summary = " ".join(map(str, (day, first_id, last_id, *counts))) + "\n"
        whole = hashlib.sha256(previous + content + summary.encode("ascii")).digest()
        return Seal(day, first_id, last_id, *counts, content, previous, whole)


async def _blocks(first_id: int, last_id: int) -> AsyncIterator[list[_Digested]]:
    """What stands under the transfer numbers from ``first_id`` to ``last_id``, in order, a thousand transfers at a time."""
    while first_id <= last_id:
        transfers = await db.fetch(_TRANSFERS, first_id, last_id, BLOCK)
        upto = transfers[-1]["id"] if len(transfers) == BLOCK else last_id
        postings = await db.fetch(_POSTINGS, first_id, upto)
        entries = await db.fetch(_ENTRIES, first_id, upto)
        yield list(_digested(transfers, postings, entries))
        first_id = upto + 1


def _digested(
    transfers: list[asyncpg.Record], postings: list[asyncpg.Record], entries: list[asyncpg.Record]
) -> Iterator[_Digested]:
    found: dict[int, _Digested] = {}

    def line(number: int, row: asyncpg.Record) -> _Digested:
        one = found.get(number)
        if one is None:
            one = found[number] = _Digested(number, hashlib.sha256())
        one.hashed.update(chain.line(row))
        return one

    for row in transfers:
        line(row["id"], row).transfers += 1
    for row in postings:
        one = line(row["transfer_id"], row)
        one.postings += 1
        one.amount_fen += row["amount_fen"]
    for row in entries:
        line(row["transfer_id"], row).entries += 1
    return (found[number] for number in sorted(found))
