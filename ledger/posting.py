"""Posting: the one verb that moves money.

``post`` takes a set of transfers and returns what came of each, in one round trip; an order payment is a set of one, a due
run a set of thousands. It joins the caller's transaction. The statement itself is ``migrations/sql/ledger_post.sql``; sets of
nothing but plain debits, which is what payments and due runs are, take the shorter ``ledger_debit.sql`` to the same result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from core import clock, db, errors, money

LotKind = Literal["principal", "bonus"]
Outcome = Literal["posted", "repeated", "insufficient", "mismatch", "no_account", "no_room"]


class InsufficientBalance(errors.Conflict):
    """The account's available balance does not cover the amount."""

    code = "insufficient_balance"


class ReferenceTaken(errors.Conflict):
    """The reference was used before for a transfer with another content."""

    code = "reference_taken"


class NothingMoved(errors.Conflict):
    """The transfer names an account or lot that cannot take part in it."""

    code = "transfer_impossible"


@dataclass(frozen=True, slots=True)
class Leg:
    """A positive amount from one account code to another.

    Build them with ``debit``, ``credit``, ``give_back`` or ``between_houses``, which say what the lot fields mean.
    """

    source: str
    target: str
    amount_fen: int
    kind: LotKind | None = None
    expires_at: datetime | None = None
    source_lot: int | None = None
    target_lot: int | None = None
    partial: bool = False

    @property
    def is_plain_debit(self) -> bool:
        """All of the amount, from whichever lots the customer's policy says."""
        return (
            self.source.startswith("customer:")
            and self.target.startswith("house:")
            and self.kind is None
            and self.source_lot is None
            and not self.partial
        )

    def __post_init__(self) -> None:
        assert 0 < self.amount_fen <= money.MAX_FEN, f"a leg moves a positive amount, not {self.amount_fen}"


@dataclass(frozen=True, slots=True)
class Transfer:
    """A business act: its legs post together or not at all, once for its reference.

    ``reference`` names the act (``top_up:T26…``); ``operator`` who did it (``customer:5``, ``operator:1``, ``clock``).
    A transfer touches at most one customer's account and has at most one ``debit`` that chooses lots by policy.
    """

    reference: str
    kind: str
    legs: Sequence[Leg]
    operator: str
    memo: str = ""
    reverses: int | None = None
    customer: str | None = field(init=False)
    """Code of the customer's account it touches, if any."""

    def __post_init__(self) -> None:
        assert self.legs, "a transfer has legs"
        touched = {
            code for leg in self.legs for code in (leg.source, leg.target) if code.startswith("customer:")
        }
        assert len(touched) <= 1, "a transfer touches one customer's account"
        choosing = [leg for leg in self.legs if leg.source.startswith("customer:") and leg.source_lot is None]
        assert len(choosing) <= 1, "two debits would choose the same lots"
        object.__setattr__(self, "customer", next(iter(touched), None))

    def fingerprint(self) -> bytes:
        """SHA-256 over everything that was asked for; tells a repeat from another act under the same reference."""
        asked = [
            (leg.source, leg.target, leg.amount_fen, leg.kind, leg.expires_at and leg.expires_at.isoformat(),
             leg.source_lot, leg.target_lot, leg.partial)
            for leg in self.legs
        ]  # fmt: skip
        return hashlib.sha256(repr((self.kind, self.reverses, asked)).encode()).digest()


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of one transfer.

    ``principal_fen`` and ``bonus_fen`` are the signed changes of the customer's balances. The available balance before and
    after is None unless the transfer was posted just now: a repeat raises no alert again.
    """

    reference: str
    outcome: Outcome
    transfer_id: int | None
    principal_fen: int = 0
    bonus_fen: int = 0
    available_before_fen: int | None = None
    available_after_fen: int | None = None

    @property
    def is_done(self) -> bool:
        """The transfer stands in the books, now or since before."""
        return self.outcome in ("posted", "repeated")

    @property
    def is_new(self) -> bool:
        """The transfer was posted just now."""
        return self.outcome == "posted"

    @property
    def moved_fen(self) -> int:
        """How much the customer's balance changed, without sign."""
        return abs(self.principal_fen + self.bonus_fen)


def debit(
    customer: str,
    target: str,
    amount_fen: int,
    *,
    kind: LotKind | None = None,
    lot: int | None = None,
    partial: bool = False,
) -> Leg:
    """Takes from a customer: from open lots by the account's burn policy, or only those of ``kind``, or only ``lot``.

    With ``partial`` it takes what is available, down to one fen, instead of being refused.
    """
    return Leg(customer, target, amount_fen, kind=kind, source_lot=lot, partial=partial)


def credit(
    source: str, customer: str, amount_fen: int, *, kind: LotKind, expires_at: datetime | None = None
) -> Leg:
    """Gives to a customer, as a new lot."""
    return Leg(source, customer, amount_fen, kind=kind, expires_at=expires_at)


def give_back(source: str, customer: str, amount_fen: int, *, lot: int) -> Leg:
    """Gives back to a customer, into the lot the money once came from."""
    return Leg(source, customer, amount_fen, target_lot=lot)


def between_houses(source: str, target: str, amount_fen: int) -> Leg:
    """Moves money between two accounts of the house."""
    return Leg(source, target, amount_fen)


async def post(transfers: Sequence[Transfer]) -> list[Posted]:
    """Posts a set of transfers and says what came of each, in the given order. Refusals are outcomes, not exceptions.

    Customers' accounts are locked in one global order and stay locked until the transaction ends. Transfers of the same
    customer are judged one after the other in the given order.
    """
    if not transfers:
        return []
    if all(len(one.legs) == 1 and one.legs[0].is_plain_debit and one.reverses is None for one in transfers):
        rows = await db.fetch(_DEBIT, *_plain_columns(transfers))
    else:
        rows = await db.fetch(_POST, *_columns(transfers))
    results = [Posted("", "no_account", None)] * len(transfers)
    for row in rows:
        at = row["ordinal"] - 1
        results[at] = Posted(
            transfers[at].reference, row["outcome"], row["transfer_id"], row["principal_fen"] or 0, row["bonus_fen"] or 0,
            row["available_before_fen"], row["available_after_fen"],
        )  # fmt: skip
    return await _with_old_answers(results)


async def post_one(transfer: Transfer) -> Posted:
    """Posts one transfer; a repeat gives the answer of the first time.

    Raises:
        InsufficientBalance: the customer's available balance does not cover it.
        ReferenceTaken: the reference stands for something else.
        NothingMoved: an account is unknown, or a lot cannot take the money back.
    """
    (posted,) = await post([transfer])
    if posted.is_done:
        return posted
    amount_fen = sum(leg.amount_fen for leg in transfer.legs)
    if posted.outcome == "insufficient":
        available_fen = await db.fetchval(_AVAILABLE, transfer.customer)
        raise InsufficientBalance(available_fen=available_fen or 0, amount_fen=amount_fen)
    if posted.outcome == "mismatch":
        raise ReferenceTaken(reference=transfer.reference)
    raise NothingMoved(reference=transfer.reference)


_POST = "SELECT * FROM ledger_post($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)"

_DEBIT = "SELECT * FROM ledger_debit($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)"

_AVAILABLE = "SELECT principal_fen + bonus_fen - held_fen FROM account WHERE code = $1"

_OLD = "SELECT transfer_id, principal_fen, bonus_fen FROM entry WHERE transfer_id = ANY($1::bigint[])"


def _rounds(transfers: Sequence[Transfer]) -> list[int]:
    """Which of its customer's transfers in the set each one is, from 1."""
    seen: dict[str, int] = {}
    rounds = []
    for transfer in transfers:
        key = transfer.customer or transfer.reference
        seen[key] = seen.get(key, 0) + 1
        rounds.append(seen[key])
    return rounds


def _plain_columns(transfers: Sequence[Transfer]) -> list[Any]:
    return [
        clock.now(),
        _rounds(transfers),
        [transfer.reference for transfer in transfers],
        [transfer.kind for transfer in transfers],
        [transfer.fingerprint() for transfer in transfers],
        [transfer.operator for transfer in transfers],
        [transfer.memo for transfer in transfers],
        [transfer.legs[0].source for transfer in transfers],
        [transfer.legs[0].target for transfer in transfers],
        [transfer.legs[0].amount_fen for transfer in transfers],
    ]


def _columns(transfers: Sequence[Transfer]) -> list[Any]:
    legs = [(number, leg) for number, transfer in enumerate(transfers, 1) for leg in transfer.legs]
    return [
        clock.now(),
        _rounds(transfers),
        [transfer.reference for transfer in transfers],
        [transfer.kind for transfer in transfers],
        [transfer.fingerprint() for transfer in transfers],
        [transfer.operator for transfer in transfers],
        [transfer.memo for transfer in transfers],
        [transfer.reverses for transfer in transfers],
        [number for number, _ in legs],
        [leg.source for _, leg in legs],
        [leg.target for _, leg in legs],
        [leg.amount_fen for _, leg in legs],
        [leg.kind for _, leg in legs],
        [leg.expires_at for _, leg in legs],
        [leg.source_lot for _, leg in legs],
        [leg.target_lot for _, leg in legs],
        [leg.partial for _, leg in legs],
    ]


async def _with_old_answers(results: list[Posted]) -> list[Posted]:
    repeated = [posted.transfer_id for posted in results if posted.outcome == "repeated"]
    if not repeated:
        return results
    old = {row["transfer_id"]: row for row in await db.fetch(_OLD, repeated)}
    return [
        Posted(posted.reference, posted.outcome, posted.transfer_id, row["principal_fen"], row["bonus_fen"])
        if posted.outcome == "repeated" and (row := old.get(posted.transfer_id))
        else posted
        for posted in results
    ]
