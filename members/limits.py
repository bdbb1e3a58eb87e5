"""Limits 限额: how much somebody may move on their own. Asked for at the desk, in the transaction that moves it, by the facts of then.

What somebody has moved of a kind adds up over the business day: for one customer, and altogether. So an amount in two parts comes to the
same, and one that only the desk knows is counted as the desk knows it. Nothing is counted of who has no limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core import clock, db, errors
from members import amount_limits, duties, posts
from members.amount_limits import Kind as Kind
from members.amount_limits import Most


class AboveYourLimit(errors.Forbidden):
    """It is more than the operator's roles allow: at once, for one customer, or in a day. ``params.per`` says which, ``most_fen`` how much that is."""

    code = "above_your_limit"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an operator may move of a kind, by any one of their roles that allow it; held until the transaction ends."""

    operator_id: int
    kind: Kind
    several: tuple[Most, ...]

    @property
    def is_open(self) -> bool:
        """Whether there is no limit."""
        return any(most.is_open for most in self.several)

    async def take(self, amount_fen: int, about: str) -> None:
        """Counts an amount, in fen whichever way it goes; ``about``: whose it is, ``customer:17``.

        Raises:
            AboveYourLimit: nothing is counted.
        """
        if self.is_open or not amount_fen:
            return
        excess = await self._excess(abs(amount_fen), about)
        if excess is not None:
            raise excess
        now = clock.now()
        begun = clock.start_of(clock.day_of(now))
        await db.execute(_USE, self.operator_id, self.kind, about, abs(amount_fen), now, begun)

    async def takes(self, amount_fen: int, about: str) -> bool:
        """The same, for who has another way where it is too much: says whether it was counted."""
        try:
            await self.take(amount_fen, about)
        except AboveYourLimit:
            return False
        return True

    async def fits(self, amount_fen: int, about: str) -> bool:
        """Whether ``take`` would count it. Nothing is."""
        return self.is_open or await self._excess(abs(amount_fen), about) is None

    async def _excess(self, amount_fen: int, about: str) -> AboveYourLimit | None:
        used = await db.fetchrow(_USED, self.operator_id, self.kind, about, clock.start_of(clock.today()))
        assert used is not None, "a sum has one row"
        return self.above(amount_fen, used["about_fen"], used["day_fen"])

    def above(self, amount_fen: int, about_fen: int, day_fen: int) -> AboveYourLimit | None:
        """What an amount is refused with where so much was counted today, about the same and altogether; None: it fits."""
        found = [self._beyond(most, amount_fen, about_fen, day_fen) for most in self.several]
        return None if None in found else found[-1]

    def _beyond(self, most: Most, amount_fen: int, about_fen: int, day_fen: int) -> AboveYourLimit | None:
        for per, most_fen, before_fen in (
            ("customer", most.most_fen, about_fen),
            ("day", most.day_fen, day_fen),
        ):
            if most_fen is not None and before_fen + amount_fen > most_fen:
                return AboveYourLimit(kind=self.kind, per=per, most_fen=most_fen, amount_fen=amount_fen)
        return None


_USED = """
SELECT coalesce(sum(amount_fen) FILTER (WHERE about = $3), 0)::bigint AS about_fen, coalesce(sum(amount_fen), 0)::bigint AS day_fen
FROM limit_use WHERE operator_id = $1 AND kind = $2 AND at >= $4
"""
_USE = """
WITH over AS (DELETE FROM limit_use WHERE operator_id = $1 AND kind = $2 AND at < $6)
INSERT INTO limit_use (operator_id, kind, about, amount_fen, at) VALUES ($1, $2, $3, $4, $5)
"""
"""What was counted on days that are over is needed no more: the acts themselves stand where they were done."""
_IN_TURN = "SELECT pg_advisory_xact_lock($1, $2)"
_COUNTING = 0x5975_000C


async def of(operator_id: int, kind: Kind, duty: duties.Duty, *, store: str | None = None) -> Allowance:
    """What an operator may move of a kind by a duty now: in the store of this code, with "" in none but the shop itself; None: of what has no
    store. Part of the caller's transaction, before all other locks but an approval's: what somebody with a limit does, waits for each other.
    Who acts for nobody on the list (the command line, a simulation) has no limit."""
    held = await posts.of(operator_id)
    several = (amount_limits.OPEN,) if held is None else duties.most(held, kind, duty, store=store)
    allowance = Allowance(operator_id, kind, several)
    if not allowance.is_open:
        await db.execute(_IN_TURN, _COUNTING, operator_id)
    return allowance


@dataclass(frozen=True, slots=True)
class Wish:
    """An amount that somebody may want to move; ``about``: whose it is, as ``Allowance.take`` counts it."""

    kind: Kind
    amount_fen: int
    about: str


async def foreseen(
    operator_id: int, duty: duties.Duty, wishes: Sequence[Wish]
) -> list[AboveYourLimit | None]:
    """What ``Allowance.take`` would refuse each of several amounts with as things stand, each by itself; None: it would be counted. Nothing is
    locked and nothing counted, so who tries may find otherwise."""
    held = await posts.of(operator_id)
    if held is None or not wishes:
        return [None for _ in wishes]
    used = await _used_today(operator_id)
    return [
        Allowance(operator_id, wish.kind, duties.most(held, wish.kind, duty)).above(
            abs(wish.amount_fen), used.get((wish.kind, wish.about), 0), _of_kind(used, wish.kind)
        )
        for wish in wishes
    ]


@dataclass(frozen=True, slots=True)
class Bound:
    """How much of a kind somebody may move alone by one of their posts; what they have moved of it today, where it is counted."""

    kind: Kind
    post: duties.Post
    most: Most
    used_fen: int


async def bounds(operator_id: int) -> list[Bound]:
    """How much of what an operator may move alone: of each kind they have to do with, by each post that allows it. One that is enough is
    enough. Who is not on the list has none."""
    used = await _used_today(operator_id)
    held = await posts.of(operator_id) or ()
    return [
        Bound(kind, post, post.most(kind), _of_kind(used, kind))
        for kind in amount_limits.KINDS
        for post in held
        if post.duties & duties.COUNTED[kind]
    ]


_USED_TODAY = """
SELECT kind, about, sum(amount_fen)::bigint AS used_fen FROM limit_use WHERE operator_id = $1 AND at >= $2 GROUP BY kind, about
"""
Used = Mapping[tuple[str, str], int]


async def _used_today(operator_id: int) -> Used:
    rows = await db.fetch(_USED_TODAY, operator_id, clock.start_of(clock.today()))
    return {(row["kind"], row["about"]): row["used_fen"] for row in rows}


def _of_kind(used: Used, kind: Kind) -> int:
    return sum(fen for (one, _), fen in used.items() if one == kind)
