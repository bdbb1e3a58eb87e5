"""The generated shop: what it sells, and customers with a plan and habits of their own. The same seed makes the same shop."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from billing import dunning_policies, packages, plan_offers, plans, plans_ahead
from billing.schedule import Schedule
from core import clock, db
from members import customers, operators
from shop import products

T = TypeVar("T")

AT_ONCE = 4
"""So many customers are looked after at once. Each connection plans every statement for itself first, so more cost more than they give."""
PACKAGES = ((5_000, 0, None), (10_000, 500, None), (20_000, 3_000, 60), (50_000, 10_000, 180))
"""What is paid, what is given with it, and for how many days."""
PRICES = (1_800, 2_900, 5_800, 8_800)
_VERSION, _TEXT = "1", "模拟顾客同意按期扣款"
_FIRST_PLANS_WITHIN = 28


@dataclass(frozen=True, slots=True)
class Habits:
    """How somebody behaves: chances of a day, and amounts."""

    package: int
    """Which package they top up by."""
    heeds: float
    """They top up when the balance is short."""
    short_fen: int
    """What they think is short."""
    orders: float
    """They order something."""
    regrets: float
    """They ask for an order's money back."""


@dataclass(frozen=True, slots=True)
class Person:
    """A customer; ``number`` counts from 0 whatever ids the database gave."""

    number: int
    id: int
    habits: Habits


@dataclass(frozen=True, slots=True)
class Shop:
    """What is acted in."""

    people: tuple[Person, ...]
    packages: tuple[int, ...]
    skus: tuple[int, ...]
    operator_id: int


def _offers(first: date) -> list[tuple[int, plan_offers.Asked]]:
    """Every kind of schedule, with how many in a hundred have it."""
    dates = tuple(first + timedelta(days=days) for days in range(20, 20 + 45 * 20, 45))
    terms = plans_ahead.Terms
    return [
        (weight, plan_offers.Asked(name, agreed, _VERSION, _TEXT))
        for weight, name, agreed in (
            (5, "每日鲜茶", terms(Schedule("day"), 600)),
            (5, "隔十天一课", terms(Schedule("day", 10), 2_800)),
            (15, "周末茶席", terms(Schedule("week", weekdays=(6,)), 3_900)),
            (7, "双周花艺", terms(Schedule("week", 2, weekdays=(2,), closed_days="skip"), 4_900, notice_days=2)),
            (20, "月末会员", terms(Schedule("month", day=31), 6_800, notice_days=3)),
            (15, "每月十五", terms(Schedule("month", day=15, closed_days="after"), 9_800, first_period="by_day")),
            (10, "最后周五", terms(Schedule("month", nth=-1, weekday=5, closed_days="before"), 8_800, trial_periods=1)),
            (6, "季度茶礼", terms(Schedule("month", 3), 16_800)),
            (7, "年度会员", terms(Schedule("year"), 29_900)),
            (10, "节令茶会", terms(Schedule("dates", dates=dates), 12_800)),
        )
    ]  # fmt: skip


def habits_of(chance: random.Random) -> Habits:
    """Prompt people, slow ones, and some who hardly look."""
    package = chance.choices(range(len(PACKAGES)), (5, 10, 40, 45))[0]
    heeds = chance.choices((0.5, 0.12, 0.03, 0.005), (55, 25, 14, 6))[0]
    return Habits(
        package=package,
        heeds=heeds,
        short_fen=chance.choice((2_000, 5_000, 10_000)),
        orders=chance.choice((0.0, 0.01, 0.02, 0.04)),
        regrets=0.03,
    )


async def each(people: Iterable[T], act: Callable[[T], Awaitable[None]]) -> None:
    """Does it for each, several at once."""
    waiting = iter(list(people))

    async def lane() -> None:
        for one in waiting:
            await act(one)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(lane())


async def open_shop(number: int, seed: int) -> Shop:
    """Writes the shop down in the opened, empty database, as of now."""
    operator = await operators.create(login="simulation", name="模拟店长", password=secrets.token_hex(16))
    goods = await products.add(
        name="茶", description="", skus=[products.NewSku(f"{fen}", fen, 100_000_000) for fen in PRICES]
    )
    offered = [
        await packages.add(name=f"充{pay}", pay_fen=pay, bonus_fen=bonus, bonus_days=days)
        for pay, bonus, days in PACKAGES
    ]
    on_offer = [(weight, (await plan_offers.add(asked)).id) for weight, asked in _offers(clock.today())]
    for name, grace_days, turn in (("从严", 5, 0), ("从宽", 14, 1)):
        rules = dunning_policies.Rules((1, 3, 7, 14), True, grace_days, True)
        policy = await dunning_policies.add(operator.id, name, rules, key=f"simulation-{name}")
        for _, offer_id in on_offer[turn::2]:
            await dunning_policies.assign(offer_id, policy.id)
    people: dict[int, Person] = {}

    async def join(one: int) -> None:
        chance = random.Random(f"{seed}:person:{one}")  # noqa: S311 (dice, no secret)
        people[one] = await _join(one, chance, on_offer)

    await each(range(number), join)
    return Shop(
        tuple(people[one] for one in range(number)),
        tuple(one.id for one in offered),
        tuple(sku.id for sku in goods.skus),
        operator.id,
    )


async def _join(number: int, chance: random.Random, on_offer: list[tuple[int, int]]) -> Person:
    habits = habits_of(chance)
    async with db.transaction():
        made = await customers.create(name=f"顾客{number}")
    weights, ids = [weight for weight, _ in on_offer], [offer_id for _, offer_id in on_offer]
    for turn in range(2 if chance.random() < 0.2 else 1):
        starts_on = clock.today() + timedelta(days=chance.randrange(_FIRST_PLANS_WITHIN))
        offer_id = chance.choices(ids, weights)[0]
        await plans.subscribe(
            made.id,
            offer_id=offer_id,
            consent_version=_VERSION,
            starts_on=starts_on,
            key=f"join-{number}-{turn}",
        )
    return Person(number, made.id, habits)
