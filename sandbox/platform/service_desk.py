"""A person and the mini-program's customer service: entering, writing, sending a picture, and what comes back.

Facts: developers.weixin.qq.com (mini-program), "客服消息": ``user_enter_tempsession`` with ``SessionFrom`` on entering, text and image messages
with a MsgId; the server answers ``success`` or hands the message to the platform's own desk (``transfer_customer_service``), all else
it sends by the API: five within 48 hours of a message, two within a minute of entering.
"""

from __future__ import annotations

from typing import Any

from sandbox.people import FeedItem, Person
from sandbox.platform.accounts import Account
from sandbox.platform.customer_messages import CustomerMessages
from sandbox.platform.pushes import Pushes
from sandbox.world import World


class ServiceDesk:
    def __init__(
        self, world: World, mini: Account, pushes: Pushes, customer_messages: CustomerMessages
    ) -> None:
        self._world = world
        self._mini = mini
        self._pushes = pushes
        self._customer_messages = customer_messages

    def enter(self, person: Person, session_from: str = "") -> None:
        """Taps the customer-service button of a page."""
        self._customer_messages.person_acted(person.mini_openid, "entered")
        self._push(person, MsgType="event", Event="user_enter_tempsession", SessionFrom=session_from)

    def say(self, person: Person, content: str) -> FeedItem:
        """Writes a text."""
        item = self._world.feed.show(
            person.id, "service_message", **{"from": "me", "kind": "text", "text": content}
        )
        self._customer_messages.person_acted(person.mini_openid, "message")
        self._push(person, MsgType="text", Content=content, MsgId=self._message_no())
        return item

    def send_picture(self, person: Person, picture_url: str) -> FeedItem:
        """Sends a picture."""
        item = self._world.feed.show(
            person.id, "service_message", **{"from": "me", "kind": "image", "picture": picture_url}
        )
        self._customer_messages.person_acted(person.mini_openid, "message")
        number = self._message_no()
        self._push(person, MsgType="image", PicUrl=picture_url, MediaId=f"media-{number}", MsgId=number)
        return item

    def _message_no(self) -> int:
        return 23_000_000_000_000_000 + self._world.store.next_no("message")

    def _push(self, person: Person, **fields: Any) -> None:
        envelope = {
            "ToUserName": self._mini.original_id,
            "FromUserName": person.mini_openid,
            "CreateTime": int(self._world.clock.epoch_s()),
        }
        self._world.spawn(self._converse(person, envelope | fields))

    async def _converse(self, person: Person, fields: dict[str, Any]) -> None:
        reply = await self._pushes.push(self._mini, person.mini_openid, fields)
        if reply is not None and "transfer_customer_service" in reply.text:
            self._world.feed.show(
                person.id, "service_message", **{"from": "system", "kind": "text", "text": "已转接人工客服"}
            )
