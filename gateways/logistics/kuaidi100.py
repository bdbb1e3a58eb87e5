"""Kuaidi100 快递100: parcels of all carriers in China, asked about (poll/query.do) and pushed (poll, with a call back).

Facts: api.kuaidi100.com/document/5f0ffb5ebc8da837cbd8aefc ("实时快递单号查询技术文档": form of customer, param, sign = upper-case
MD5(param + key + customer); one parcel twice an hour at most), apifox.com/apidoc/project-514987/api-8568518 ("快递信息推送服务": subscribed
with a salt, pushes carry sign = MD5(param + salt), answered with result true), the service's own SDK
github.com/kuaidi100-api/java-demo (api/QueryTrack, api/Subscribe: the hash in upper case, three repeats after 35 minutes), return codes
from cloud.tencent.com/developer/article/1828132: 501 means that the parcel is subscribed already.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp

from gateways import http, reading
from gateways.logistics import carriers
from gateways.logistics.tracker import (
    BadPush,
    Event,
    NothingYet,
    Parcel,
    Push,
    State,
    Track,
    TrackerRefused,
    TrackerUnknown,
)
from gateways.reading import JsonObject, Malformed

API_URL = "https://poll.kuaidi100.com"
_EVENTS_MOST = 300
_TEXT_MOST = 500
_STATES: Mapping[str, State] = {
    "0": "in_transit", "1": "collected", "2": "trouble", "3": "signed", "4": "returned", "5": "delivering", "6": "returning",
    "7": "forwarded", "8": "customs", "10": "customs", "11": "customs", "12": "customs", "13": "customs", "14": "rejected",
}  # fmt: skip
"""快递单当前状态. What is new to us counts as under way."""
_STATE_NAMES: Mapping[str, State] = {
    "在途": "in_transit", "揽收": "collected", "疑难": "trouble", "签收": "signed", "退签": "returned", "派件": "delivering",
    "退回": "returning", "转投": "forwarded", "清关": "customs", "拒签": "rejected",
}  # fmt: skip
_SUBSCRIBED = frozenset({"200", "501"})
_REFUSED = frozenset({"400", "408", "503", "600", "601", "700", "701", "702"})
"""Incomplete or wrong parameters, the phone number a carrier asks for, signature, key, carrier, number."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The account: its ``customer`` and ``key``, as the console shows them; ``callback_url`` is where pushes go, without the parcel."""

    customer: str
    key: str = field(repr=False)
    callback_url: str
    base_url: str = API_URL


class Kuaidi100:
    """One account at the service; a `gateways.logistics.Tracker`. Use between `open` and `close`, or with a session that is open."""

    def __init__(
        self,
        settings: Settings,
        *,
        session: aiohttp.ClientSession | None = None,
        total_timeout_s: float = 8.0,
        connect_timeout_s: float = 3.0,
    ) -> None:
        self._settings = settings
        self._caller = http.Caller(
            (settings.base_url,),
            session=session,
            total_timeout_s=total_timeout_s,
            connect_timeout_s=connect_timeout_s,
        )

    async def open(self) -> None:
        """Opens the HTTP session, unless one was passed in."""
        await self._caller.open()

    async def close(self) -> None:
        """Closes the HTTP session, if it is our own."""
        await self._caller.close()

    def knows(self, carrier: str) -> bool:
        """Whether the carrier is written by a name we know, or by a code."""
        return carriers.code_of(carrier) is not None

    async def subscribe(self, parcel: Parcel) -> None:
        """poll: what becomes of the parcel is pushed to an address of its own, with a salt of its own.

        Raises: TrackerRefused, TrackerUnknown.
        """
        param = {
            "company": _code(parcel),
            "number": _number(parcel),
            "key": self._settings.key,
            "parameters": {
                "callbackurl": f"{self._settings.callback_url}/{parcel.id}",
                "salt": self._salt(parcel.id),
                "resultv2": "1",
                **({} if parcel.phone_end is None else {"phone": parcel.phone_end}),
            },
        }
        content = await self._ask("/poll", {"schema": "json", "param": _json(param)})
        code, message = str(content.get("returnCode", "")), str(content.get("message", ""))
        if code in _SUBSCRIBED:
            return
        if code in _REFUSED:
            raise TrackerRefused(code, message)
        raise TrackerUnknown(f"{code}: {message}")

    async def query(self, parcel: Parcel) -> Track:
        """poll/query.do: every step so far.

        Raises: TrackerRefused, NothingYet, TrackerUnknown.
        """
        asked = {"com": _code(parcel), "num": _number(parcel), "resultv2": "1", "show": "0", "order": "desc"}
        if parcel.phone_end is not None:
            asked["phone"] = parcel.phone_end
        param = _json(asked)
        sign = signature(param, self._settings.key, self._settings.customer)
        content = await self._ask(
            "/poll/query.do", {"customer": self._settings.customer, "sign": sign, "param": param}
        )
        if content.get("result") is False:
            code, message = str(content.get("returnCode", "")), str(content.get("message", ""))
            if code == "500":
                raise NothingYet(message)
            raise TrackerRefused(code, message) if code in _REFUSED else TrackerUnknown(f"{code}: {message}")
        try:
            return _track(content)
        except Malformed as fault:
            raise TrackerUnknown(f"unreadable answer: {fault}") from None

    def read_push(self, parcel_id: int, form: Mapping[str, str]) -> Push:
        """A push to a parcel's address: its sign is the hash of param and the salt we gave, in upper or lower case.

        Raises: BadPush.
        """
        param, sign = form.get("param", ""), form.get("sign", "")
        if not hmac.compare_digest(
            signature(param, self._salt(parcel_id)).encode(), sign.upper().encode("utf-8", "replace")
        ):
            raise BadPush("not signed by whom we gave the salt")
        try:
            return _push(reading.json_object(param.encode()))
        except (Malformed, UnicodeEncodeError) as fault:
            raise BadPush(f"unreadable: {fault}") from None

    def _salt(self, parcel_id: int) -> str:
        """32 characters that nobody can compute without the key."""
        return hmac.new(
            self._settings.key.encode(), f"parcel:{parcel_id}".encode(), hashlib.sha256
        ).hexdigest()[:32]

    async def _ask(self, path: str, form: Mapping[str, str]) -> JsonObject:
        try:
            answer = await self._caller.send(
                "POST",
                path,
                headers=lambda: {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"},
                body=urllib.parse.urlencode(form).encode(),
                repeatable=True,
            )
        except http.NoAnswer as failed:
            raise TrackerUnknown(failed.reason) from None
        if answer.status != 200:
            raise TrackerUnknown(f"HTTP {answer.status}")
        try:
            return reading.json_object(answer.body)
        except Malformed as fault:
            raise TrackerUnknown(f"unreadable answer: {fault}") from None


def signature(*parts: str) -> str:
    """MD5 over the parts, one behind the other, in upper case."""
    return hashlib.md5("".join(parts).encode("utf-8", "replace"), usedforsecurity=False).hexdigest().upper()


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _code(parcel: Parcel) -> str:
    code = carriers.code_of(parcel.carrier)
    if code is None:
        raise TrackerRefused("701", f"no carrier we know: {parcel.carrier}")
    return code


def _number(parcel: Parcel) -> str:
    if not carriers.NUMBER.fullmatch(parcel.tracking_no):
        raise TrackerRefused("700", "not a number the service takes")
    return parcel.tracking_no


def _push(content: JsonObject) -> Push:
    status = content.get("status")
    last = content.get("lastResult")
    if status not in ("polling", "shutdown", "abort", "updateall") or not isinstance(last, dict):
        raise Malformed("status or lastResult is none")
    message = content.get("message")
    return Push(
        tracking_no=reading.text(last, "nu"),
        track=_track(last) if last.get("data") else None,
        is_over=status == "shutdown",
        is_given_up=status == "abort",
        message=reading.storable(message, "message")[:200] if isinstance(message, str) else "",
    )


def _track(content: JsonObject) -> Track:
    rows = content.get("data")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Malformed("data is not a list of steps")
    state = _STATES.get(str(content.get("state", "")), "in_transit")
    return Track(state, [_event(row) for row in rows[:_EVENTS_MOST]])


def _event(row: JsonObject) -> Event:
    at = reading.beijing_instant(reading.text(row, "ftime" if row.get("ftime") else "time"), "time")
    status, area = row.get("status"), row.get("areaName")
    return Event(
        at,
        reading.text(row, "context")[:_TEXT_MOST],
        _STATE_NAMES.get(status) if isinstance(status, str) else None,
        reading.storable(area, "areaName")[:60] if isinstance(area, str) and area else None,
    )
