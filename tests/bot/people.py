"""A whole shop for the tests of people in chats: the running server, people with phones who write, operators, and the clock's jobs."""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass

from app import worker
from core import clock, db
from members import chat, chat_outgoing, operators, sign_in_rules
from tests.world import Client

_UNDER_WAY = """
SELECT EXISTS (SELECT FROM chat_outgoing WHERE app_id = $1 AND (state = 'sending' OR (state = 'queued' AND attempts = 0)))
"""


@dataclass
class Writer:
    """Somebody who writes to the official account, or to the mini-program's customer service."""

    world: object
    person: object
    customer_id: int | None
    where: str = "chat"
    seen: int = 0

    async def says(self, text):
        """What comes back to a text, line by line of bubbles."""
        if self.where == "chat":
            self.world.sandbox.platform.chat.say(self.person, text)
        else:
            self.world.sandbox.platform.service_desk.say(self.person, text)
        return await self.hears()

    async def hears(self):
        await self.world.quiet()
        if self.where != "chat":
            await self._carried()
        said = []
        for item in self.world.sandbox.world.feed.after(self.person.id, self.seen):
            self.seen = item.seq
            assert "reason" not in item.body, item.body
            if item.kind == self.where and item.body["from"] == "account":
                said.append(item.body["text"])
        return "\n--\n".join(said)

    async def _carried(self):
        """What the bot says at the service desk is carried right after the push was answered."""
        async with asyncio.timeout(60):
            while await db.fetchval(_UNDER_WAY, self.world.sandbox.credentials.mini_app_id):
                await asyncio.sleep(0.01)


async def writer(world, *, known=True):
    """A follower; one whom the shop knows unless told otherwise."""
    pushes, accounts = world.sandbox.platform.pushes, world.sandbox.platform.accounts
    for name, path in (("official", "official-account"), ("mini", "mini-program")):
        pushes.set_address(accounts[name], f"{world.url}/wechat/{path}", "safe")
    phone = await world.arrive(signed_in=known)
    person = world.sandbox.world.people.get(phone.person_id)
    world.sandbox.platform.chat.follow(person)
    await world.quiet()
    await chat.look_up(world.runtime.outside.official_account, world.sandbox.credentials.official_app_id)
    here = Writer(world, person, phone.customer_id or None)
    await here.hears()
    return here, phone


def at_service_desk(here):
    """The same person at the mini-program's customer service."""
    return Writer(here.world, here.person, here.customer_id, "service_message", here.seen)


async def hired(world, login, *posts):
    """An operator with these posts, signed in. How they sign in is tested elsewhere: no password is hashed."""
    added = await db.fetchval(
        "INSERT INTO operator (login, name, password_hash, state, created_at) VALUES ($1, $2, '', 'active', now()) RETURNING id",
        login,
        f"店员{login}",
    )
    await operators.give(added, posts)
    return await signed_in(world, login)


async def signed_in(world, login):
    """A session of an operator there is."""
    token = secrets.token_urlsafe(32)
    await db.execute(
        "INSERT INTO operator_session (operator_id, token_hash, created_at, expires_at) SELECT id, $2, $3, $4 FROM operator WHERE login = $1",
        login,
        hashlib.sha256(token.encode()).hexdigest(),
        clock.now(),
        clock.now() + sign_in_rules.Rules().session_lifetime,
    )
    return Client(world.http, f"{world.url}/admin/v1", token)


def senders(world):
    return worker._chats(world.runtime)


async def deliver(world):
    """The clock carries what is due."""
    return await chat_outgoing.run(senders(world))
