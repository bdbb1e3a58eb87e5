"""A person and the official account: following, writing, tapping the menu, and what comes back."""

from __future__ import annotations

from typing import Any

from sandbox.people import FeedItem, Person
from sandbox.platform.accounts import Account
from sandbox.platform.customer_messages import CustomerMessages
from sandbox.platform.follower_tags import FollowerTags
from sandbox.platform.pushes import Pushes
from sandbox.platform.replies import BadReply, read_reply
from sandbox.world import World

UNAVAILABLE = "该公众号暂时无法提供服务，请稍后再试"


class NotFollowing(Exception):
    pass


class Chat:
    def __init__(
        self,
        world: World,
        official: Account,
        pushes: Pushes,
        customer_messages: CustomerMessages,
        tags: FollowerTags,
    ) -> None:
        self._world = world
        self._official = official
        self._pushes = pushes
        self._customer_messages = customer_messages
        self._tags = tags

    def follow(self, person: Person, scene: str | None = None) -> None:
        """Follows the account, by search or by a QR code that carries a scene."""
        was_following = person.follows
        if not was_following:
            person.follows, person.followed_at = True, self._world.clock.epoch_s()
            self._world.people.save(person)
            self._show(person, {"from": "system", "kind": "text", "text": "已关注公众号"})
        self._customer_messages.person_acted(person.official_openid, "brief")
        extra: dict[str, Any] = {}
        if scene is not None:
            key = scene if was_following else f"qrscene_{scene}"
            extra = {"EventKey": key, "Ticket": f"ticket-{scene}"}
        if not was_following or scene is not None:
            self._send_event(person, "SCAN" if was_following else "subscribe", **extra)

    def unfollow(self, person: Person) -> None:
        if not person.follows:
            return
        person.follows, person.followed_at = False, None
        self._world.people.save(person)
        self._customer_messages.window_closed(person.official_openid)
        self._tags.lost(person.official_openid)
        self._show(person, {"from": "system", "kind": "text", "text": "已取消关注"})
        self._send_event(person, "unsubscribe", EventKey="")

    def say(self, person: Person, content: str) -> FeedItem:
        """Raises: NotFollowing."""
        self._must_follow(person)
        item = self._show(person, {"from": "me", "kind": "text", "text": content})
        self._customer_messages.person_acted(person.official_openid, "message")
        message_no = 23_000_000_000_000_000 + self._world.store.next_no("message")
        fields = self._envelope(person) | {"MsgType": "text", "Content": content, "MsgId": message_no}
        self._world.spawn(self._converse(person, fields))
        return item

    def tap_menu(self, person: Person, button: dict[str, Any]) -> None:
        """A click button pushes CLICK; a link pushes VIEW. Raises: NotFollowing."""
        self._must_follow(person)
        self._customer_messages.person_acted(person.official_openid, "brief")
        if button.get("type") == "view":
            self._send_event(person, "VIEW", EventKey=button["url"], MenuId=button.get("menu_id", 1))
        else:
            self._send_event(person, "CLICK", EventKey=button["key"])

    def _must_follow(self, person: Person) -> None:
        if not person.follows:
            raise NotFollowing

    def _send_event(self, person: Person, event: str, **extra: Any) -> None:
        fields = self._envelope(person) | {"MsgType": "event", "Event": event} | extra
        self._world.spawn(self._converse(person, fields))

    def _envelope(self, person: Person) -> dict[str, Any]:
        return {
            "ToUserName": self._official.original_id,
            "FromUserName": person.official_openid,
            "CreateTime": int(self._world.clock.epoch_s()),
        }

    async def _converse(self, person: Person, fields: dict[str, Any]) -> None:
        url, mode = self._pushes.address(self._official)
        if url is None:
            return
        reply = await self._pushes.push(self._official, person.official_openid, fields)
        if fields.get("Event") == "unsubscribe":
            return
        try:
            if reply is None:
                raise BadReply("no answer in time, three times")
            bubble = read_reply(
                reply,
                account=self._official,
                cipher=self._pushes.cipher(self._official),
                mode=mode,
                openid=person.official_openid,
            )
        except BadReply as wrong:
            self._show(person, {"from": "system", "kind": "text", "text": UNAVAILABLE, "reason": str(wrong)})
            return
        if bubble is not None:
            self._show(person, {"from": "account", **bubble})

    def _show(self, person: Person, body: dict[str, Any]) -> FeedItem:
        return self._world.feed.show(person.id, "chat", **body)
