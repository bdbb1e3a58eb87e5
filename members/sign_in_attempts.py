"""Who tried to sign in as an operator, from where, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from core import clock, db
from core.http import addresses

KEPT_FOR = timedelta(days=180)

Way = Literal["password", "code", "recovery_code", "passkey", "single_sign_on", "command_line"]


@dataclass(frozen=True, slots=True)
class Origin:
    """From where somebody signs in."""

    address: str = ""
    user_agent: str = ""

    @property
    def place(self) -> str:
        """What a limit by address counts: the IPv4 address, or the IPv6 network."""
        return addresses.household(self.address)[:64]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. ``outcome`` is ``done``, ``half`` (a second factor was asked for), or a refusal's code. Without an operator: nobody has that login."""

    id: int
    operator_id: int | None
    operator_name: str | None
    way: str
    outcome: str
    address: str
    user_agent: str
    at: datetime


_NOTE = """
INSERT INTO sign_in_attempt (operator_id, way, outcome, address, user_agent, at) VALUES ($1, $2, $3, $4, $5, $6)
"""


async def note(operator_id: int | None, way: Way, outcome: str, origin: Origin) -> None:
    """Writes a try down."""
    said = origin.user_agent[:200].replace("\0", "")
    await db.execute(_NOTE, operator_id, way, outcome[:60], origin.address[:64], said, clock.now())


_PAGE = """
SELECT a.id, a.operator_id, o.name AS operator_name, a.way, a.outcome, a.address, a.user_agent, a.at
FROM sign_in_attempt a LEFT JOIN operator o ON o.id = a.operator_id
WHERE ($1::bigint IS NULL OR a.id < $1) AND ($2::bigint IS NULL OR a.operator_id = $2) AND ($3::text IS NULL OR a.outcome = $3)
ORDER BY a.id DESC LIMIT $4
"""


async def page(
    *, before: int | None = None, operator_id: int | None = None, outcome: str | None = None, limit: int = 50
) -> list[Attempt]:
    """Tries, the latest first; ``before`` is the id the last page ended at."""
    return [Attempt(**row) for row in await db.fetch(_PAGE, before, operator_id, outcome, limit)]


_FORGET = "DELETE FROM sign_in_attempt WHERE at < $1"


async def forget() -> int:
    """Drops what is older than ``KEPT_FOR``. Run by the clock. Returns how many."""
    return await db.execute(_FORGET, clock.now() - KEPT_FOR)
