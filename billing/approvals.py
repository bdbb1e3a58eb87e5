"""Approvals 复核: an operator's act above the shop's limit waits for a second person, who decides and thereby carries it out.

A desk whose acts may need a second person registers how one is carried out (``register``), asks ``needed`` with the amount (``adds_up`` where small acts count
together), and
records the exact act with ``request`` in its own transaction instead of moving money. Deciding and carrying out are one
transaction, by the facts of that moment: an act that is refused then leaves the approval ``failed`` with the reason, and
nothing else. Lock order: the approval comes before everything.

Who has a limit (``members.limits``) asks for a second person above it, too, and decides about nothing above it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from billing import acting_alone, staff_alerts
from core import clock, db, errors, ids, words
from ledger import accounts, idempotency
from members import limits

State = Literal["waiting", "executed", "failed", "rejected", "withdrawn", "expired"]

PREFIX = "V"
"""What an approval's number begins with; no other number does."""
LIFETIME = timedelta(days=7)
"""A request nobody decided on in this time is over."""


class NoSuchApproval(errors.NotFound):
    """There is no approval of this number."""

    code = "no_such_approval"


class ApprovalEnded(errors.Conflict):
    """The approval is not waiting any more: decided by somebody else, withdrawn or too old."""

    code = "approval_ended"


class OwnRequest(errors.Forbidden):
    """Who asked for an act cannot decide on it; a second person must."""

    code = "own_request"


class NotYourRequest(errors.Forbidden):
    """Only who asked for an act can withdraw it."""

    code = "not_your_request"


needed = acting_alone.needed
one_by_one = acting_alone.one_by_one
adds_up = acting_alone.adds_up
alone = acting_alone.alone
counts_too = acting_alone.counts_too
AboveYourLimit = limits.AboveYourLimit
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Approval:
    """An act that was asked for. ``result`` is the number of what an executed one made; ``refusal`` says why a failed one
    could not be carried out."""

    id: int
    approval_no: str
    kind: str
    params: Mapping[str, Any]
    customer_id: int | None
    amount_fen: int
    reason: str
    requested_by: int
    requested_at: datetime
    expires_at: datetime
    state: State
    decided_by: int | None
    decided_at: datetime | None
    note: str
    result: str | None
    refusal: Mapping[str, Any] | None

    def failure(self, locale: str) -> str | None:
        """Why an approved act was not carried out, as a sentence."""
        if self.refusal is None:
            return None
        return words.say(f"errors.{self.refusal['code']}", locale, **self.refusal["params"])


Execute = Callable[[Approval], Awaitable[str]]
"""Carries out an approved act in the open transaction, by the facts of now, and returns the number of what it made. A refusal
it raises is kept with the approval. ``approval.requested_by`` is who did it, ``approval.decided_by`` who agreed."""

_ACTS: dict[str, Execute] = {}
_LIMITS: dict[str, limits.Kind | None] = {}


def register(kind: str, execute: Execute, limit: limits.Kind | None) -> None:
    """Says how acts of a kind are carried out, and of which limit their amount is, None: of none, since it is no money; called once,
    where the desk that owns the kind is defined."""
    assert _ACTS.setdefault(kind, execute) is execute, f"two desks carry out {kind}"
    _LIMITS[kind] = limit


async def one_request(kind: str, number: str) -> None:
    """Lets who asks for the same act wait for each other until the transaction ends, so that each finds what was asked for, or done,
    before (``is_waiting``). It comes before every other lock."""
    await db.execute("SELECT pg_advisory_xact_lock($1, hashtext($2))", _ASKING, f"{kind}:{number}")


_ASKING = 0x5975_0002
_IS_WAITING = """
SELECT EXISTS (SELECT FROM approval
               WHERE kind = $1 AND (customer_id = $2 OR customer_id IS NULL AND $2 IS NULL) AND state = 'waiting' AND params @> $3::jsonb)
"""


async def is_waiting(kind: str, about: Mapping[str, Any], *, customer_id: int | None = None) -> bool:
    """Whether such an act of the customer, or with None one that is about none, waits for a second person already. The caller has called ``one_request``."""
    return bool(await db.fetchval(_IS_WAITING, kind, customer_id, json.dumps(about)))


_REQUEST = """
INSERT INTO approval (approval_no, kind, params, customer_id, amount_fen, reason, requested_by, requested_at, expires_at, state, note)
VALUES ($1, $2, $3::jsonb, $4, $5, $6, $7, $8, $9, 'waiting', '')
"""


async def request(
    kind: str,
    params: Mapping[str, Any],
    *,
    amount_fen: int,
    reason: str,
    operator_id: int,
    customer_id: int | None = None,
) -> str:
    """Records an act that waits for a second person, alerts the shop's people, and returns its number.

    Part of the caller's transaction. ``params`` say the exact act, in plain JSON; what may have changed by the time of the
    decision is looked at then.
    """
    assert kind in _ACTS, f"nobody carries out {kind}"
    approval_no, now = ids.new_no(PREFIX), clock.now()
    await db.execute(
        _REQUEST, approval_no, kind, json.dumps(params, ensure_ascii=False), customer_id, abs(amount_fen), reason,
        operator_id, now, now + LIFETIME,
    )  # fmt: skip
    told = {"approval_no": approval_no, "kind": kind, "amount_fen": abs(amount_fen), "reason": reason}
    await staff_alerts.raise_once("approval_waiting", approval_no, told)
    return approval_no


@db.retried
async def approve(operator_id: int, approval_no: str, *, note: str = "", key: str) -> Approval:
    """The second person agrees, and the act is carried out at once. Of several who decide at the same time one does, and the
    others are told.

    What the act's desk refuses by the facts of now ends the approval as ``failed``; that is an answer, not an error.

    Raises:
        NoSuchApproval, ApprovalEnded, OwnRequest, KeyReused.
        AboveYourLimit: it waits on for somebody whose limit covers it.
    """

    async def act() -> str:
        waiting = await _waiting(approval_no, second_person=operator_id)
        decided = replace(waiting, decided_by=operator_id, decided_at=clock.now())
        try:
            async with db.transaction():  # a savepoint: what was refused halfway leaves nothing
                await agree_to(decided, decided.amount_fen)
                made = await _ACTS[waiting.kind](decided)
        except AboveYourLimit:
            raise
        except errors.DomainError as refusal:
            why = json.dumps(
                {"code": refusal.code, "params": refusal.params}, ensure_ascii=False, default=str
            )
            await _end(waiting, "failed", operator_id, note, refusal=why)
        else:
            await _end(waiting, "executed", operator_id, note, result=made)
        return approval_no

    return await _once("approvals.approve", operator_id, approval_no, note, key, act)


async def agree_to(approval: Approval, amount_fen: int) -> None:
    """Counts so much of who decides: all that was asked for, by us; what it comes to beyond that by now, by the desk that carries it out.

    Raises:
        AboveYourLimit.
    """
    limit = _LIMITS[approval.kind]
    if limit is not None and approval.decided_by is not None:
        allowance = await limits.of(approval.decided_by, limit, "money.approve")
        await allowance.take(amount_fen, _about(approval))


async def above_limit(operator_id: int, several: Sequence[Approval]) -> dict[str, AboveYourLimit]:
    """Of acts that wait and are another's: by their numbers those that are more than an operator's limit as things stand, and what ``approve``
    would refuse them with. An act that has become more meanwhile is refused then."""
    theirs = [one for one in several if one.state == "waiting" and one.requested_by != operator_id]
    counted = [(one, kind) for one in theirs if (kind := _LIMITS[one.kind]) is not None]
    found = await limits.foreseen(
        operator_id,
        "money.approve",
        [limits.Wish(kind, one.amount_fen, _about(one)) for one, kind in counted],
    )
    return {
        one.approval_no: above for (one, _), above in zip(counted, found, strict=True) if above is not None
    }


def _about(approval: Approval) -> str:
    return (
        approval.approval_no if approval.customer_id is None else accounts.of_customer(approval.customer_id)
    )


@db.retried
async def reject(operator_id: int, approval_no: str, *, note: str = "", key: str) -> Approval:
    """The second person says no.

    Raises:
        NoSuchApproval, ApprovalEnded, OwnRequest, KeyReused.
    """

    async def act() -> str:
        await _end(await _waiting(approval_no, second_person=operator_id), "rejected", operator_id, note)
        return approval_no

    return await _once("approvals.reject", operator_id, approval_no, note, key, act)


@db.retried
async def withdraw(operator_id: int, approval_no: str, *, key: str) -> Approval:
    """Who asked takes the request back.

    Raises:
        NoSuchApproval, ApprovalEnded, NotYourRequest, KeyReused.
    """

    async def act() -> str:
        waiting = await _waiting(approval_no)
        if waiting.requested_by != operator_id:
            raise NotYourRequest(approval_no=approval_no)
        await _end(waiting, "withdrawn", None, "")
        return approval_no

    return await _once("approvals.withdraw", operator_id, approval_no, "", key, act)


async def _once(
    operation: str, operator_id: int, approval_no: str, note: str, key: str, act: Callable[[], Awaitable[str]]
) -> Approval:
    content = {"approval_no": approval_no, "note": note}
    async with db.transaction():
        await idempotency.once(
            caller=f"operator:{operator_id}", operation=operation, key=key, content=content, act=act,
            answer=approval_no,
        )  # fmt: skip
    return await get(approval_no)


_COLUMNS = """
id, approval_no, kind, params::text AS params, customer_id, amount_fen, reason, requested_by, requested_at, expires_at, state,
decided_by, decided_at, note, result, refusal::text AS refusal
"""
_LOCK = f"SELECT {_COLUMNS} FROM approval WHERE approval_no = $1 FOR NO KEY UPDATE"


async def _waiting(approval_no: str, *, second_person: int | None = None) -> Approval:
    row = await db.fetchrow(_LOCK, approval_no)
    if row is None:
        raise NoSuchApproval(approval_no=approval_no)
    found = _of_row(row)
    if found.state != "waiting" or found.expires_at <= clock.now():
        raise ApprovalEnded(approval_no=approval_no, state=found.state)
    if second_person == found.requested_by:
        raise OwnRequest(approval_no=approval_no)
    return found


_END = """
UPDATE approval SET state = $2, decided_by = $3, decided_at = $4, note = $5, result = $6, refusal = $7::jsonb WHERE id = $1
"""


async def _end(
    waiting: Approval,
    state: State,
    operator_id: int | None,
    note: str,
    *,
    result: str | None = None,
    refusal: str | None = None,
) -> None:
    await db.execute(_END, waiting.id, state, operator_id, clock.now(), note, result, refusal)
    await staff_alerts.resolve("approval_waiting", [waiting.approval_no])


_OVER = "SELECT approval_no FROM approval WHERE state = 'waiting' AND expires_at <= $1 ORDER BY expires_at LIMIT $2"
_LOCK_OVER = f"""
SELECT {_COLUMNS} FROM approval WHERE approval_no = $1 AND state = 'waiting' FOR NO KEY UPDATE SKIP LOCKED
"""


async def expire_old(*, limit: int = 200) -> int:
    """Ends requests nobody decided on in time. Returns how many."""
    ended = 0
    for row in await db.fetch(_OVER, clock.now(), limit):
        async with db.transaction():
            found = await db.fetchrow(_LOCK_OVER, row["approval_no"])
            if found is not None:
                await _end(_of_row(found), "expired", None, "")
                ended += 1
    return ended


_GET = f"SELECT {_COLUMNS} FROM approval WHERE approval_no = $1"


async def get(approval_no: str) -> Approval:
    """One approval.

    Raises:
        NoSuchApproval: there is none of this number.
    """
    row = await db.fetchrow(_GET, approval_no)
    if row is None:
        raise NoSuchApproval(approval_no=approval_no)
    return _of_row(row)


_PAGE = f"""
SELECT {_COLUMNS} FROM approval
WHERE id < $1 AND ($2::text IS NULL OR state = $2) AND ($3::bigint IS NULL OR customer_id = $3) ORDER BY id DESC LIMIT $4
"""


async def page(
    *, state: State | None = None, customer_id: int | None = None, before: int | None = None, limit: int = 20
) -> list[Approval]:
    """Approvals, newest first; all, or those in one state or about one customer."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, state, customer_id, limit)
    return [_of_row(row) for row in rows]


def _of_row(row: Mapping[str, Any]) -> Approval:
    loaded = {"params": json.loads(row["params"]), "refusal": row["refusal"] and json.loads(row["refusal"])}
    return Approval(**{**dict(row), **loaded})
