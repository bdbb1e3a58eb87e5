"""What the customers of a generated shop do on a day: top up when they are short, order, ask for money back.

Everything they do comes from the seed, the day and their own number; and from their balance, which comes from the days before.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from billing import payments, refunds, top_ups
from billing.channels import Channels
from core import clock, errors
from ledger import accounts
from shop import orders
from simulation import shop as places
from simulation.outside import Counterpart


@dataclass(frozen=True, slots=True)
class Mood:
    """What the day's dice say for one person, whatever they then can afford."""

    tops_up: bool
    orders: bool
    sku: int
    regrets: bool


@dataclass(frozen=True, slots=True)
class Crowd:
    """The customers, and the channel they pay by."""

    shop: places.Shop
    seed: int
    channels: Channels
    channel: Counterpart
    refused: Counter[str] = field(default_factory=Counter)
    """What the shop did not let them do, by the refusal's code."""

    async def act(self) -> None:
        """All who do something today do it now."""
        chance = random.Random(f"{self.seed}:{clock.today()}")  # noqa: S311 (dice, no secret)
        moods = [(person, _mood(chance, person)) for person in self.shop.people]
        astir = [one for one in moods if one[1].tops_up or one[1].orders]
        held = await accounts.balances([accounts.of_customer(person.id) for person, _ in astir])

        async def one(who: tuple[places.Person, Mood]) -> None:
            await self._one(*who, held[accounts.of_customer(who[0].id)].available_fen)

        await places.each(astir, one)

    async def _one(self, person: places.Person, mood: Mood, has_fen: int) -> None:
        try:
            if mood.tops_up and has_fen < person.habits.short_fen:
                has_fen += await self._top_up(person)
            if mood.orders and has_fen >= places.PRICES[mood.sku]:
                await self._order(person, mood)
        except errors.DomainError as refusal:
            self.refused[refusal.code] += 1

    def _key(self, person: places.Person, what: str) -> str:
        return f"{what}-{clock.today()}-{person.number}"

    async def _top_up(self, person: places.Person) -> int:
        wish = await top_ups.start(
            self.channels,
            person.id,
            package_id=self.shop.packages[person.habits.package],
            amount_fen=None,
            channel=self.channel.name,
            method="native",
            key=self._key(person, "top-up"),
        )
        await payments.confirm(self.channel.pay(wish.payment.payment_no))
        return wish.pay_fen + wish.bonus_fen

    async def _order(self, person: places.Person, mood: Mood) -> None:
        wanted = [orders.Wanted(self.shop.skus[mood.sku], 1)]
        placed = await orders.place(person.id, wanted, key=self._key(person, "order"))
        await orders.pay(person.id, placed.order_no, key=self._key(person, "pay"))
        if mood.regrets:
            await refunds.of_bill(
                self.channels,
                self.shop.operator_id,
                placed.bill_no,
                amount_fen=placed.total_fen,
                reason="不合口味",
                key=self._key(person, "refund"),
            )


def _mood(chance: random.Random, person: places.Person) -> Mood:
    """As many throws for everybody on every day: what one does changes nobody else's dice."""
    tops_up, wants, what, regrets = (chance.random() for _ in range(4))
    habits = person.habits
    return Mood(
        tops_up < habits.heeds,
        wants < habits.orders,
        int(what * len(places.PRICES)),
        regrets < habits.regrets,
    )
