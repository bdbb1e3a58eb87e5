"""Dunning policies 催收方案: what follows, day by day, when a plan's period could not be taken in full.

Plans of offers that name no policy go by the shop's terms. A case keeps the rules it was opened with; a policy that is changed counts
for cases opened from then on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from billing import plan_offers, terms
from core import clock, db, errors
from ledger import idempotency

FeeKind = Literal["none", "fixed", "daily"]
LONGEST_DAYS = 365
MOST_TRIES = 20
MOST_PPM = 10_000


class NoSuchDunningPolicy(errors.NotFound):
    """There is no such dunning policy in force."""

    code = "no_such_dunning_policy"


class DunningPolicyInvalid(errors.Invalid):
    """The rules do not fit together."""

    code = "dunning_policy_invalid"


class DunningPolicyNameTaken(errors.Conflict):
    """Another policy has this name."""

    code = "dunning_policy_name_taken"


NoSuchOffer = plan_offers.NoSuchOffer
KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Rules:
    """What follows. Days count from the first try. ``retry_days``: it is tried again. ``partial``: what the balance has is taken
    where that is less than all. After ``grace_days`` the plan is suspended where ``suspends``, and a fee falls due: a ``fixed`` one of
    ``fee_fen``, or a ``daily`` one of ``fee_ppm`` millionths of what is owed for each further day, ``fee_fen`` at most.
    ``fee_consent`` says where it is written down that customers agreed to its being taken unasked; without it they pay it themselves."""

    retry_days: tuple[int, ...]
    partial: bool
    grace_days: int
    suspends: bool
    fee_kind: FeeKind = "none"
    fee_fen: int = 0
    fee_ppm: int = 0
    fee_consent: str | None = None

    def refuse_misfit(self) -> None:
        """Raises:
        DunningPolicyInvalid: days out of order or range, a fee without its amount, its rate or its cap.
        """
        in_order = (
            list(self.retry_days) == sorted(set(self.retry_days)) and len(self.retry_days) <= MOST_TRIES
        )
        if not in_order or not all(1 <= day <= LONGEST_DAYS for day in self.retry_days):
            raise DunningPolicyInvalid(field="retry_days")
        if not 0 <= self.grace_days <= LONGEST_DAYS:
            raise DunningPolicyInvalid(field="grace_days")
        if self.fee_fen < 0 or (self.fee_fen == 0) != (self.fee_kind == "none"):
            raise DunningPolicyInvalid(field="fee_fen")
        if not 0 <= self.fee_ppm <= MOST_PPM or (self.fee_ppm > 0) != (self.fee_kind == "daily"):
            raise DunningPolicyInvalid(field="fee_ppm")

    @property
    def acting_days(self) -> list[int]:
        """The days on which the clock does something, in order."""
        after_grace = [self.grace_days] if self.suspends or self.fee_kind == "fixed" else []
        return sorted({*self.retry_days, *after_grace})


def of_the_shop() -> Rules:
    """What follows where no policy says otherwise."""
    chosen = terms.current()
    return Rules(
        tuple(chosen.dunning_retry_days), chosen.dunning_partial, chosen.dunning_grace_days, chosen.dunning_suspends
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Policy(Rules):
    """A policy in force; ``offer_ids`` go by it."""

    id: int = 0
    name: str = ""
    created_by: str = ""
    created_at: datetime | None = None
    offer_ids: tuple[int, ...] = ()


_COLUMNS = """
id, name, retry_days::text AS retry_days, partial, grace_days, suspends, fee_kind, fee_fen, fee_ppm, fee_consent, created_by, created_at,
array(SELECT o.id FROM plan_offer o WHERE o.dunning_policy_id = dunning_policy.id ORDER BY o.id) AS offer_ids
"""
_PAGE = f"SELECT {_COLUMNS} FROM dunning_policy WHERE ended_at IS NULL ORDER BY id"
_GET = f"SELECT {_COLUMNS} FROM dunning_policy WHERE id = $1 AND ended_at IS NULL"


async def page() -> list[Policy]:
    """The policies in force."""
    return [_of_row(row) for row in await db.fetch(_PAGE)]


async def get(policy_id: int) -> Policy:
    """One policy.

    Raises:
        NoSuchDunningPolicy: none of this id is in force.
    """
    row = await db.fetchrow(_GET, policy_id)
    if row is None:
        raise NoSuchDunningPolicy(policy_id=policy_id)
    return _of_row(row)


_ADD = """
INSERT INTO dunning_policy (name, retry_days, partial, grace_days, suspends, fee_kind, fee_fen, fee_ppm, fee_consent, created_by, created_at)
VALUES ($1, $2::jsonb, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (name) DO NOTHING RETURNING id
"""


async def add(operator_id: int, name: str, rules: Rules, *, key: str) -> Policy:
    """Puts a policy in force.

    Raises:
        DunningPolicyInvalid, DunningPolicyNameTaken, KeyReused.
    """
    rules.refuse_misfit()
    operator = f"operator:{operator_id}"

    async def act() -> int:
        made: int | None = await db.fetchval(_ADD, name, *_values(rules), operator, clock.now())
        if made is None:
            raise DunningPolicyNameTaken(name=name)
        return made

    content = {"name": name, **_named(rules)}
    made = await idempotency.alone(
        caller=operator, operation="dunning_policies.add", key=key, content=content, act=act
    )
    return await get(int(made))


_CHANGE = """
UPDATE dunning_policy SET retry_days = $2::jsonb, partial = $3, grace_days = $4, suspends = $5, fee_kind = $6, fee_fen = $7, fee_ppm = $8,
    fee_consent = $9
WHERE id = $1 AND ended_at IS NULL
"""


async def change(policy_id: int, changes: Mapping[str, Any]) -> Policy:
    """Changes some of a policy's rules, by the names of ``Rules``; cases that are open keep theirs.

    Raises:
        NoSuchDunningPolicy, DunningPolicyInvalid.
    """
    async with db.transaction():
        await db.execute("SELECT FROM dunning_policy WHERE id = $1 FOR NO KEY UPDATE", policy_id)
        before = await get(policy_id)
        rules = Rules(**{**_named(before), **changes})
        rules.refuse_misfit()
        await db.execute(_CHANGE, policy_id, *_values(rules))
    return await get(policy_id)


_END = """
WITH ended AS (UPDATE dunning_policy SET ended_at = $2, name = left(name, 40) || ' #' || id WHERE id = $1 AND ended_at IS NULL RETURNING id)
UPDATE plan_offer SET dunning_policy_id = NULL FROM ended WHERE dunning_policy_id = ended.id
"""


async def end(policy_id: int) -> None:
    """Takes a policy out of force: its offers go by the shop's terms, cases that are open keep their rules.

    Raises:
        NoSuchDunningPolicy.
    """
    async with db.transaction():
        await get(policy_id)
        await db.execute(_END, policy_id, clock.now())


_ASSIGN = "UPDATE plan_offer SET dunning_policy_id = $2 WHERE id = $1"


async def assign(offer_id: int, policy_id: int | None) -> None:
    """From now on cases of an offer's plans go by this policy; None: by the shop's terms.

    Raises:
        NoSuchOffer, NoSuchDunningPolicy.
    """
    async with db.transaction():
        if policy_id is not None:
            await get(policy_id)
        if not await db.execute(_ASSIGN, offer_id, policy_id):
            raise NoSuchOffer(offer_id=offer_id)


_OF_PLANS = f"""
SELECT plan.id AS plan_id, found.* FROM plan JOIN plan_offer offer ON offer.id = plan.offer_id
JOIN LATERAL (SELECT {_COLUMNS} FROM dunning_policy
              WHERE dunning_policy.id = offer.dunning_policy_id AND dunning_policy.ended_at IS NULL) found ON true
WHERE plan.id = ANY ($1::bigint[])
"""


async def of_plans(plan_ids: Sequence[int]) -> dict[int, Policy]:
    """The policies that plans go by, by plan; those that go by the shop's terms are left out."""
    rows = await db.fetch(_OF_PLANS, list(plan_ids))
    return {row["plan_id"]: _of_row({k: v for k, v in row.items() if k != "plan_id"}) for row in rows}


def _named(rules: Rules) -> dict[str, Any]:
    return {one.name: getattr(rules, one.name) for one in fields(Rules)}


def _values(rules: Rules) -> list[Any]:
    named = _named(rules)
    return [json.dumps(list(named.pop("retry_days"))), *named.values()]


def _of_row(row: Mapping[str, Any]) -> Policy:
    return Policy(
        **{
            **dict(row),
            "retry_days": tuple(json.loads(row["retry_days"])),
            "offer_ids": tuple(row["offer_ids"]),
        }
    )
