"""Watching conversations live: nothing lost, nothing twice, only what one may see, over when the session is."""

import asyncio
import contextlib
import json

import aiohttp

from core import db as database
from members import conversation_events, duties, people
from tests.bot import people as shop

SUPPORT = duties.Post("support")


class Watcher:
    """An EventSource of our own: reads server-sent events as the standard says."""

    def __init__(self, world, desk, last_id=None):
        self._world, self._desk, self.last_id = world, desk, last_id
        self.beats = 0

    async def __aenter__(self):
        headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {self._desk.token}"}
        if self.last_id is not None:
            headers["Last-Event-ID"] = str(self.last_id)
        self._answer = await self._world.http.get(
            f"{self._world.url}/admin/v1/conversation-events",
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=60),
        )
        assert (self._answer.status, self._answer.content_type) == (200, "text/event-stream")
        assert self._answer.headers["Cache-Control"] == "no-store" and "X-Request-ID" in self._answer.headers
        return self

    async def __aexit__(self, *_):
        self._answer.close()

    async def next(self):
        """The next event's kind and data; None when the stream is over."""
        fields = {}
        async for raw in self._answer.content:
            line = raw.decode().rstrip("\n")
            if line.startswith(":"):
                self.beats += 1
            elif line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields:
                self.last_id = int(fields["id"]) if "id" in fields else self.last_id
                return fields["event"], json.loads(fields["data"])
        return None

    async def several(self, count):
        return [await self.next() for _ in range(count)]


async def test_who_watches_is_told_at_once_and_goes_on_where_it_was_cut_off(world):
    here, _ = await shop.writer(world)
    boss, desk = (
        await shop.hired(world, "boss", duties.Post("owner")),
        await shop.hired(world, "li", SUPPORT),
    )
    await boss.put("/stores/xihu", {"name": "西湖"})
    elsewhere = await shop.hired(world, "wang", duties.Post("cashier", "xihu"))
    async with Watcher(world, desk) as watcher, Watcher(world, elsewhere) as other:
        assert [(await one.next())[0] for one in (watcher, other)] == ["ready", "ready"]
        await here.says("人工")
        async with asyncio.timeout(20):
            opened, said = await watcher.several(2)
        assert (opened[0], said[0], said[1]["text"], said[1]["author"]) == (
            "waiting",
            "message",
            "人工",
            "customer",
        )
        number = said[1]["conversation_id"]
        cut_off_at = watcher.last_id
    await desk.post(f"/conversations/{number}/take", key=None)
    await desk.post(f"/conversations/{number}/messages", {"text": "您好"})
    await shop.deliver(world)
    async with Watcher(world, desk, cut_off_at) as watcher:
        kinds = [await watcher.next() for _ in range(4)]
        assert [kind for kind, _ in kinds] == ["ready", "taken", "message", "delivery"]
        assert kinds[3][1]["delivery"] == "sent" and kinds[2][1]["text"] == "您好"
        # one who asks again and again gets the same
        page = (await desk.get(f"/conversation-events?after={cut_off_at}")).body
        assert [one["kind"] for one in page["items"]] == ["taken", "message", "delivery"]
        assert (await desk.get(f"/conversation-events?after={page['last_id']}")).body["items"] == []
        assert (await elsewhere.get("/conversation-events?after=0")).body["items"] == []
        await desk.post(f"/conversations/{number}/hand-over", {"store": "xihu"}, key=None)
        assert [(await watcher.next())[0] for _ in range(2)] == ["moved", "waiting"]
        seen = (await elsewhere.get("/conversation-events?after=0")).body["items"]
        assert [one["kind"] for one in seen] == ["waiting"], "only from when it was theirs"
        await elsewhere.post(f"/conversations/{number}/take", key=None)
        await desk.post("/logout", key=None)
        await here.says("还在吗")
        async with asyncio.timeout(20):
            over = [await watcher.next()]
            while over[-1] is not None:
                over.append(await watcher.next())
        assert [one[0] for one in over[:-1]] == ["taken", "bye"] or [one[0] for one in over[:-1]] == ["bye"]
        assert "还在吗" not in str(over), "who is signed out hears nothing more"
    assert (await boss.get("/conversation-events?after=999999")).body["reset"] is True


async def test_without_the_bell_it_is_looked_for_and_many_writers_at_once_lose_nothing(world, monkeypatch):
    here, _ = await shop.writer(world)
    desk = await shop.hired(world, "li", SUPPORT)
    await here.says("人工")
    chat = people.Chat(
        "official_account", world.sandbox.credentials.official_app_id, here.person.official_openid
    )
    start = (await conversation_events.ends())[1]
    monkeypatch.setattr("admin_api.live._LOOK_S", 0.05)
    monkeypatch.setattr("core.bell._AGAIN_AFTER_S", 0.05)

    async def write(number):
        async with database.transaction():
            await people.hear(chat, here.customer_id, people.Said(f"第{number}句"), wants_back=False)

    async with Watcher(world, desk, start) as watcher:
        await watcher.next()
        for _ in range(3):  # the bell's connection is cut again and again meanwhile
            await database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()"
            )
            await asyncio.gather(*(write(number) for number in range(8)))
        async with asyncio.timeout(30):
            told = await watcher.several(24)
    numbers = [event["id"] for _, event in told]
    assert numbers == sorted(set(numbers)) and len({event["message_id"] for _, event in told}) == 24


async def test_a_reader_who_goes_leaves_nothing_behind(world, monkeypatch):
    here, _ = await shop.writer(world)
    desk = await shop.hired(world, "li", SUPPORT)
    monkeypatch.setattr("admin_api.live._BEAT_S", 0.02)
    before = len(asyncio.all_tasks())
    async with Watcher(world, desk) as watcher:
        await watcher.next()
        await here.says("人工")
        await watcher.several(2)
        await asyncio.sleep(0.1)  # heart-beats come, and nobody reads them
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while len(asyncio.all_tasks()) > before:
                await asyncio.sleep(0.02)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("bell ")]
