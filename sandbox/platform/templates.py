"""Message templates of both accounts, the people's acceptances, and sending.

Facts: developers.weixin.qq.com, "发送订阅消息" (value limits by field type, 43101, 47003) and "发送模板消息".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox import keys
from sandbox.people import Person
from sandbox.platform import template_library
from sandbox.platform.accounts import Account, AccountName, PlatformError
from sandbox.platform.pushes import Pushes
from sandbox.store import Shelf
from sandbox.world import World

STATES = {"formal", "trial", "developer"}
LANGUAGES = {"zh_CN", "en_US", "zh_HK", "zh_TW"}
NUMBERED_FOR_S = 600


@dataclass
class Template:
    template_id: str
    account: AccountName
    name: str
    title: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Numbered:
    """A template message that was sent under a number of the merchant's (`client_msg_id`)."""

    openid: str
    client_msg_id: str
    msgid: int
    sent_at: float


@dataclass
class Acceptance:
    """How many messages of a template a person still agreed to; one accept is one message."""

    openid: str
    template_id: str
    left: int


class Templates:
    def __init__(self, world: World, accounts: dict[AccountName, Account], pushes: Pushes) -> None:
        self._world = world
        self._accounts = accounts
        self._pushes = pushes
        self._templates = Shelf(world.store, "platform.template", Template)
        self._acceptances = Shelf(world.store, "platform.acceptance", Acceptance)
        self._numbered = Shelf(world.store, "platform.numbered", Numbered)
        credentials = world.credentials
        self._pick("mini", template_library.SUBSCRIBE, credentials.subscribe_templates)
        self._pick("official", template_library.OFFICIAL, credentials.official_templates)

    def all(self) -> list[Template]:
        return list(self._templates)

    def add(self, account: AccountName, name: str, title: str, fields: dict[str, str]) -> Template:
        """One more template picked in the console."""
        template = Template(new_template_id(), account, name, title, fields)
        self._templates.put(template.template_id, template)
        return template

    def decide(self, person: Person, choices: dict[str, str]) -> dict[str, str]:
        """The popup of wx.requestSubscribeMessage, answered `accept` or `reject` per template.

        Returns what the mini-program gets. Raises: ValueError for ids that are not the merchant's.
        """
        for template_id, choice in choices.items():
            template = self._templates.get(template_id)
            if template is None or template.account != "mini" or choice not in ("accept", "reject"):
                raise ValueError(f"requestSubscribeMessage:fail invalid template {template_id!r}")
        rows = []
        for template_id, choice in choices.items():
            if choice == "accept":
                self._change(person.mini_openid, template_id, +1)
            rows.append({"TemplateId": template_id, "SubscribeStatusString": choice, "PopupScene": 0})
        self._push(person, "subscribe_msg_popup_event", "SubscribeMsgPopupEvent", rows)
        return {"errMsg": "requestSubscribeMessage:ok", **choices}

    def left(self, openid: str, template_id: str) -> int:
        acceptance = self._acceptances.get(f"{openid}/{template_id}")
        return acceptance.left if acceptance is not None else 0

    def send_subscribe(self, account: Account, body: dict[str, Any]) -> dict[str, Any]:
        """Raises: PlatformError 40003, 40037, 41030, 43101, 47003."""
        person = self._addressee(account, body)
        template = self._known(account, body)
        page = body.get("page", "")
        if not isinstance(page, str) or page.startswith("/") or "://" in page:
            raise PlatformError(41030, "invalid page")
        if (
            body.get("miniprogram_state", "formal") not in STATES
            or body.get("lang", "zh_CN") not in LANGUAGES
        ):
            raise PlatformError(40097, "invalid args")
        values = _read_values(template, body.get("data"))
        if self.left(person.mini_openid, template.template_id) < 1:
            raise PlatformError(43101, "user refuse to accept the msg")
        self._change(person.mini_openid, template.template_id, -1)
        message_no = self._show(person, template, values, page=page)
        row = {
            "TemplateId": template.template_id,
            "MsgID": str(message_no),
            "ErrorCode": 0,
            "ErrorStatus": "success",
        }
        self._push(person, "subscribe_msg_sent_event", "SubscribeMsgSentEvent", [row])
        return {"errcode": 0, "errmsg": "ok", "msgid": message_no}

    def send_template(self, account: Account, body: dict[str, Any]) -> dict[str, Any]:
        """A repeat under the same `client_msg_id` within ten minutes sends nothing ("发送模板消息").

        Raises: PlatformError 40003, 40037, 43004, 47003.
        """
        person = self._addressee(account, body)
        template = self._known(account, body)
        if not person.follows:
            raise PlatformError(43004, "require subscribe")
        values = _read_values(template, body.get("data"))
        number = f"{person.official_openid}/{body.get('client_msg_id', '')}"
        now = self._world.clock.epoch_s()
        if (before := self._numbered.get(number)) is not None and now < before.sent_at + NUMBERED_FOR_S:
            return {"errcode": 0, "errmsg": "ok", "msgid": before.msgid}
        message_no = self._show(person, template, values, url=str(body.get("url", "")))
        if body.get("client_msg_id"):
            kept = Numbered(person.official_openid, str(body["client_msg_id"]), message_no, now)
            self._numbered.put(number, kept)
        event = {
            "ToUserName": account.original_id,
            "FromUserName": person.official_openid,
            "CreateTime": int(self._world.clock.epoch_s()),
            "MsgType": "event",
            "Event": "TEMPLATESENDJOBFINISH",
            "MsgID": message_no,
            "Status": "success",
        }
        self._world.spawn(self._send_event(account, person, event))
        return {"errcode": 0, "errmsg": "ok", "msgid": message_no}

    # ── inside ─────────────────────────────────────────────────────────────────────────────────────

    def _pick(
        self,
        account: AccountName,
        library: dict[str, tuple[str, dict[str, str]]],
        template_ids: dict[str, str],
    ) -> None:
        for name, template_id in template_ids.items():
            title, fields = library[name]
            self._templates.put(template_id, Template(template_id, account, name, title, fields))

    def _addressee(self, account: Account, body: dict[str, Any]) -> Person:
        person = self._world.people.by_openid(account.name, str(body.get("touser", "")))
        if person is None:
            raise PlatformError(40003, "invalid openid")
        return person

    def _known(self, account: Account, body: dict[str, Any]) -> Template:
        template = self._templates.get(str(body.get("template_id", "")))
        if template is None or template.account != account.name:
            raise PlatformError(40037, "invalid template_id")
        return template

    def _change(self, openid: str, template_id: str, by: int) -> None:
        left = self.left(openid, template_id) + by
        self._acceptances.put(f"{openid}/{template_id}", Acceptance(openid, template_id, left))

    def _show(self, person: Person, template: Template, values: dict[str, str], **where: str) -> int:
        message_no = 4_000_000_000_000_000_000 + self._world.store.next_no("service_message")
        rows = [{"label": label, "value": values[key]} for key, label in template.fields.items()]
        self._world.feed.show(
            person.id,
            "service_message",
            account=template.account,
            name=template.name,
            title=template.title,
            rows=rows,
            **where,
        )
        return message_no

    def _push(self, person: Person, event: str, group: str, rows: list[dict[str, Any]]) -> None:
        mini = self._accounts["mini"]
        fields = {
            "ToUserName": mini.original_id,
            "FromUserName": person.mini_openid,
            "CreateTime": int(self._world.clock.epoch_s()),
            "MsgType": "event",
            "Event": event,
            group: {"List": rows},
        }
        self._world.spawn(self._send_event(mini, person, fields))

    async def _send_event(self, account: Account, person: Person, fields: dict[str, Any]) -> None:
        await self._pushes.push(account, account.openid_of(person), fields)


def new_template_id() -> str:
    return keys.random_text(43, keys.LETTERS_AND_DIGITS + "_-")


def _read_values(template: Template, given: Any) -> dict[str, str]:
    """Raises: PlatformError 47003 naming the first wrong field."""
    values: dict[str, str] = {}
    for key in template.fields:
        cell = given.get(key) if isinstance(given, dict) else None
        value = cell.get("value") if isinstance(cell, dict) else None
        if not isinstance(value, str) or not value.strip():
            raise PlatformError(47003, f"argument invalid! data.{key}.value is empty")
        fits = FIELD_TYPES.get(key.rstrip("0123456789"), FIELD_TYPES["thing"])
        if re.search(r"[\x00-\x1f]", value) or not fits(value):
            raise PlatformError(47003, f"argument invalid! data.{key}.value invalid")
        values[key] = value
    return values


_DAY = r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}[-/]\d{1,2}[-/]\d{1,2})"
_MOMENT = rf"({_DAY}\s?)?\d{{1,2}}:\d{{2}}(:\d{{2}})?|{_DAY}"


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


FIELD_TYPES: dict[str, Callable[[str], bool]] = {
    "thing": lambda text: len(text) <= 20,
    "number": _matches(r"-?\d{1,32}(\.\d+)?"),
    "letter": _matches(r"[A-Za-z]{1,32}"),
    "symbol": _matches(r"[^\w\s]{1,5}"),
    "character_string": _matches(r"[\x20-\x7e]{1,32}"),
    "time": _matches(rf"({_MOMENT})(\s?~\s?({_MOMENT}))?"),
    "date": _matches(rf"{_DAY}(\s?\d{{1,2}}:\d{{2}}(:\d{{2}})?)?(\s?~\s?({_MOMENT}))?"),
    "amount": _matches(r"[¥￥$€£]?\d{1,10}(\.\d+)?元?"),
    "phone_number": _matches(r"[0-9+\-]{1,17}"),
    "car_number": lambda text: len(text) <= 8,
    "name": _matches(r"[一-鿿·]{1,10}|[A-Za-z .]{1,20}"),
    "phrase": _matches(r"[一-鿿]{1,5}"),
}
