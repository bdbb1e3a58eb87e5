"""The people of the sandbox's world: who they are to each platform, and everything their phone shows them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox import keys
from sandbox.clock import WorldClock, rfc3339
from sandbox.store import Shelf, Store

ID_ALPHABET = keys.LETTERS_AND_DIGITS + "_-"
NICKNAMES = ["林晓", "陈可", "王一诺", "赵明", "周瑜真", "吴桐", "何苗", "宋词"]


@dataclass
class Person:
    id: str
    nickname: str
    unionid: str
    mini_openid: str
    official_openid: str
    alipay_user_id: str
    alipay_open_id: str
    alipay_logon_id: str
    follows: bool = False
    followed_at: float | None = None


@dataclass
class FeedItem:
    """One thing a phone shows. `kind`: chat | service_message | payment; `body` differs by kind."""

    seq: int
    person_id: str
    kind: str
    body: dict[str, Any] = field(default_factory=dict)
    at: str = ""


class People:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._people = Shelf(store, "person", Person)
        self._by_openid: dict[str, str] = {}
        for person in self._people:
            self._index(person)

    def arrive(self, nickname: str | None = None) -> Person:
        """A new person who has never met the merchant."""
        number = self._store.next_no("person")
        person = Person(
            id=f"p{number}",
            nickname=nickname or NICKNAMES[(number - 1) % len(NICKNAMES)],
            unionid="oU" + keys.random_text(26, ID_ALPHABET),
            mini_openid="oM" + keys.random_text(26, ID_ALPHABET),
            official_openid="oA" + keys.random_text(26, ID_ALPHABET),
            alipay_user_id="2088" + keys.random_digits(12),
            alipay_open_id="0" + keys.random_text(40, ID_ALPHABET),
            alipay_logon_id="138******" + keys.random_digits(2),
        )
        self._people.put(person.id, person)
        self._index(person)
        return person

    def all(self) -> list[Person]:
        return list(self._people)

    def get(self, person_id: str) -> Person | None:
        return self._people.get(person_id)

    def by_openid(self, account: Literal["mini", "official"], openid: str) -> Person | None:
        person = self._people.get(self._by_openid.get(openid, ""))
        if person is None:
            return None
        return (
            person
            if openid == (person.mini_openid if account == "mini" else person.official_openid)
            else None
        )

    def save(self, person: Person) -> None:
        self._people.put(person.id, person)

    def _index(self, person: Person) -> None:
        self._by_openid[person.mini_openid] = self._by_openid[person.official_openid] = person.id


class Feed:
    """What phones show, in order; phones page through it by `seq` and may wait for more."""

    def __init__(self, store: Store, clock: WorldClock) -> None:
        self._store = store
        self._clock = clock
        self._items = Shelf(store, "feed", FeedItem)
        self._of_person: dict[str, list[FeedItem]] = {}
        for item in self._items:
            self._of_person.setdefault(item.person_id, []).append(item)
        self._listeners: dict[str, set[asyncio.Event]] = {}

    def show(self, person_id: str, kind: str, /, **body: Any) -> FeedItem:
        seq = self._store.next_no("feed")
        item = FeedItem(seq, person_id, kind, body, rfc3339(self._clock.epoch_s()))
        self._items.put(str(seq), item)
        self._of_person.setdefault(person_id, []).append(item)
        for event in self._listeners.get(person_id, ()):
            event.set()
        return item

    def after(self, person_id: str, seq: int) -> list[FeedItem]:
        return [item for item in self._of_person.get(person_id, ()) if item.seq > seq]

    @contextmanager
    def listening(self, person_id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever something new is shown to this person."""
        event = asyncio.Event()
        self._listeners.setdefault(person_id, set()).add(event)
        try:
            yield event
        finally:
            self._listeners[person_id].discard(event)

    async def wait_after(self, person_id: str, seq: int, wait_s: float) -> list[FeedItem]:
        """Items after `seq`, waiting up to `wait_s` real seconds for the first."""
        with self.listening(person_id) as event:
            items = self.after(person_id, seq)
            if not items and wait_s > 0:
                try:
                    await asyncio.wait_for(event.wait(), wait_s)
                except TimeoutError:
                    return []
                items = self.after(person_id, seq)
        return items
