"""The customers of a campaign: how they can be reached, what they want, and what happens to them."""

import asyncio
import itertools
import json
from dataclasses import dataclass, replace
from datetime import timedelta

from core import clock, db
from notifications import addresses, outbox, policy, preferences, quota
from tests import factories
from tests.message_chaos import stand_ins

TRANSACTIONAL, REMINDER, MARKETING = ("topped_up", "deducted"), "low_balance", "birthday"
LINE_FEN, RICH_FEN, TOLD_FEN = 5_000, 20_000, 1_000_000
"""Whom to alert, how much is put in, and what messages speak of: each of an amount of its own, by which it is known again."""


@dataclass
class Customer:
    """One of them; what changes carries since when it was so for certain."""

    id: int
    person: object
    follows: bool
    phone: bool
    email: bool
    wants: preferences.Preferences
    no_marketing_since: object = None
    no_reminders_since: object = None
    recovered_since: object = None


class Crowd:
    """Customers with wishes by chance."""

    _numbers = itertools.count(1)

    def __init__(self, outside, chance):
        self.outside, self.chance = outside, chance
        self.all, self.keys, self.recovering = {}, set(), []

    async def gather(self, count):
        for _ in range(count):
            await self._arrive()

    async def _arrive(self):
        chance, world, given = self.chance, self.outside.world, self.outside.sandbox.credentials
        customer = await factories.customer(name="小林", threshold_fen=LINE_FEN)
        await db.execute(
            "UPDATE customer SET locale = $2 WHERE id = $1", customer.id, chance.choice(("zh-CN", "en"))
        )
        person = world.people.arrive()
        one = Customer(
            customer.id, person, *(chance.random() < 0.6 for _ in range(3)), await self._wishes(customer.id)
        )
        self.all[one.id] = one
        await self._identity(one.id, "mini_program", given.mini_app_id, person.mini_openid, False)
        for kind in stand_ins.SUBSCRIBE:
            template_id = given.subscribe_templates[kind]
            for _ in range(chance.choice((0, 1, 2, 4))):
                self.outside.sandbox.platform.templates.decide(person, {template_id: "accept"})
                await quota.accepted(given.mini_app_id, person.mini_openid, template_id)
        if chance.random() < 0.7:
            if one.follows:  # else somebody who left, of which we have not heard
                self.outside.sandbox.platform.chat.follow(person)
            await self._identity(
                one.id, "official_account", given.official_app_id, person.official_openid, True
            )
        if one.phone:
            await addresses.put(one.id, "sms", f"139{one.id:08d}", by="customer", confirmed_by="code")
        if one.email:
            await addresses.put(one.id, "email", f"c{one.id}@example.com", by="customer", confirmed_by="code")

    async def _identity(self, customer_id, provider, app_id, subject, follows):
        await db.execute(
            "INSERT INTO identity (customer_id, provider, app_id, subject, follows, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            customer_id, provider, app_id, subject, follows, clock.now(),
        )  # fmt: skip

    async def _wishes(self, customer_id):
        chance = self.chance
        hours = chance.choice(((None, None), (None, None), (720, 840), (1200, 600), (60, 1000)))
        channels = None
        if chance.random() < 0.4:
            channels = chance.sample(policy.CHANNELS, chance.randint(1, 5))
        wants = preferences.Preferences(chance.random() < 0.85, chance.random() < 0.6, channels, *hours)
        await preferences.put(customer_id, wants, wording="同意", door="mini_program", by="customer")
        return wants

    async def _speak(self):
        """Some followers write, so that they may be answered for two days."""
        for one in self.all.values():
            if one.person.follows and self.chance.random() < 0.3:
                self.outside.sandbox.platform.chat.say(one.person, "余额")
                await db.execute(
                    "INSERT INTO chat_message (app_id, dedup_key, openid, kind, content, received_at) VALUES ($1, $2, $3, 'text', '余额', $4)",
                    self.outside.sandbox.credentials.official_app_id, f"chaos-{next(self._numbers)}", one.person.official_openid, clock.now(),
                )  # fmt: skip

    async def tell(self):
        """Something happens to many; each event is told twice at once."""
        await self._speak()
        messages = []
        for one in self.all.values():
            for _ in range(self.chance.choice((0, 1, 1, 3))):
                messages.append(self._message(one))
        await asyncio.gather(outbox.tell(messages), outbox.tell(messages))

    def _message(self, one):
        number, chance = next(self._numbers), self.chance
        kind = chance.choices((*TRANSACTIONAL, REMINDER, MARKETING), (2, 2, 5, 2))[0]
        held = TOLD_FEN + number
        params = {
            "available_fen": held,
            "threshold_fen": LINE_FEN,
            "amount_fen": 100,
            "bonus_fen": 1,
            "title": f"茶{number}",
            "at": clock.now(),
        }
        if chance.random() < 0.02:
            params["amount_fen"] = "many"  # nobody can put this into words
        times = [
            clock.now() + timedelta(minutes=chance.choice((3, 90, 1000, 4000)))
            if chance.random() < 0.2
            else None
            for _ in range(2)
        ]
        key = f"chaos:{number}"
        self.keys.add(key)
        return outbox.Message(one.id, kind, key, params, *times)

    async def change_minds(self):
        """Some say no to marketing or to reminders; the others keep their wishes."""
        for one in self.all.values():
            drawn = self.chance.random()
            if drawn < 0.03 and one.wants.marketing:
                one.wants = replace(one.wants, marketing=False)
            elif drawn > 0.98 and one.wants.reminders:
                one.wants = replace(one.wants, reminders=False)
            else:
                continue
            await preferences.put(one.id, one.wants, wording="退订", door="chat", by="customer")

    def minds_changed(self, at):
        """From now on every worker knows."""
        for one in self.all.values():
            if not one.wants.marketing and one.no_marketing_since is None:
                one.no_marketing_since = at
            if not one.wants.reminders and one.no_reminders_since is None:
                one.no_reminders_since = at

    async def recover(self):
        """Some top up: what waits to tell them of a low balance is not true any more."""
        self.recovering = self.chance.sample(list(self.all.values()), len(self.all) // 2)
        for one in self.recovering:
            if one.recovered_since is None:
                await factories.topped_up(one.id, RICH_FEN)

    def recovered_at(self, at):
        for one in self.recovering:
            one.recovered_since = one.recovered_since or at

    async def mend(self):
        """What nobody could put into words can be now. Returns how many are dead by that."""
        broken = await db.fetch(
            "SELECT id, params::text AS params FROM outbox_message WHERE params ->> 'amount_fen' = 'many'"
        )
        for row in broken:
            params = {**json.loads(row["params"]), "amount_fen": 100}
            await db.execute(
                "UPDATE outbox_message SET params = $2 WHERE id = $1", row["id"], json.dumps(params)
            )
        return len(broken)
