"""Alibaba Cloud SMS (dysmsapi, version 2017-05-25): SendSms and QuerySendDetails.

help.aliyun.com, "SendSms - 发送短信" and "QuerySendDetails - 查询短信发送详情" (document_detail/55284, 419277), codes from
"国内消息API错误码" (document_detail/101346). The service has no idempotence ("均不支持幂等的能力"): after a time-out one is to
look at the details before a repeat, where our `OutId` stands with each message of the last 30 days.
"""

from __future__ import annotations

import json
import urllib.parse
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import aiohttp

from core import clock
from gateways import http, reading
from gateways.reading import JsonObject, Malformed
from gateways.sms import signing
from gateways.sms.provider import Found, Shortage, SmsRefused, SmsUnknown, Text

API_URL = "https://dysmsapi.aliyuncs.com"
VERSION = "2017-05-25"
_PAGE = 50
_PAGES_MOST = 20

_LATER = frozenset(
    {
        "isv.BUSINESS_LIMIT_CONTROL",  # too many to this number: a minute, an hour or a day
        "isv.DAY_LIMIT_CONTROL",
        "isv.MONTH_LIMIT_CONTROL",
        "isv.OUT_OF_SERVICE",  # no money left on the account
        "isv.AMOUNT_NOT_ENOUGH",
        "isv.ACCOUNT_ABNORMAL",
        "isp.RAM_PERMISSION_DENY",
        "isp.GATEWAY_ERROR",
        "Throttling",
        "Throttling.User",
        "Throttling.Api",
        "SignatureNonceUsed",
        "InvalidTimeStamp.Expired",
    }
)
"""Not sent, and it may be later: limits, the shop's own account, the gateway."""
_MAYBE = frozenset({"isp.SYSTEM_ERROR", "InternalError", "isp.UNKNOWN_ERR_CODE"})
"""The provider's own fault: nobody says whether before or after it was sent."""
_NUMBER = frozenset(
    {"isv.MOBILE_NUMBER_ILLEGAL", "MOBILE_IN_BLACK", "isv.BLACK_KEY_CONTROL_LIMIT", "isv.BLACK_LIST_CONTROL"}
)
"""It is about the number: none, or one that is not to be written to."""
_STATES = {1: "waiting", 2: "failed", 3: "delivered"}


@dataclass(frozen=True, slots=True)
class Settings:
    """The account's access key, as its RAM console shows it. `base_url` may name a region's address."""

    key_id: str
    secret: str = field(repr=False)
    base_url: str = API_URL


class Aliyun:
    """One account at the service; a `gateways.sms.Provider`. Use between `open` and `close`, or with a session that is open."""

    def __init__(
        self,
        settings: Settings,
        *,
        session: aiohttp.ClientSession | None = None,
        total_timeout_s: float = 8.0,
        connect_timeout_s: float = 3.0,
    ) -> None:
        self._settings = settings
        self._host = urllib.parse.urlsplit(settings.base_url).netloc
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

    async def send(self, text: Text) -> str:
        """SendSms: one number, one template. Returns the BizId.

        Raises: SmsRefused, Shortage, SmsUnknown.
        """
        content = await self._ask(
            "SendSms",
            {
                "PhoneNumbers": _number(text.phone),
                "SignName": text.sign_name,
                "TemplateCode": text.template_code,
                "TemplateParam": json.dumps(dict(text.params), ensure_ascii=False),
                "OutId": text.reference,
            },
        )
        return str(content.get("BizId", ""))

    async def find(self, phone: str, on: date, reference: str) -> Found | None:
        """QuerySendDetails: the day's messages to the number, page by page, for the one with our reference.

        Raises: SmsRefused, Shortage, SmsUnknown.
        """
        for page in range(1, _PAGES_MOST + 1):
            content = await self._ask(
                "QuerySendDetails",
                {
                    "PhoneNumber": _number(phone),
                    "SendDate": f"{on:%Y%m%d}",
                    "PageSize": str(_PAGE),
                    "CurrentPage": str(page),
                },
            )
            rows = _rows(content)
            for row in rows:
                if row.get("OutId") == reference:
                    return _found(row)
            if len(rows) < _PAGE:
                return None
        raise SmsUnknown(f"more than {_PAGES_MOST * _PAGE} messages to one number in a day")

    async def _ask(self, action: str, query: dict[str, str]) -> JsonObject:
        try:
            answer = await self._caller.send(
                "POST",
                f"/?{signing.canonical_query(query)}",
                headers=lambda: signing.headers(
                    host=self._host,
                    action=action,
                    version=VERSION,
                    query=query,
                    key_id=self._settings.key_id,
                    secret=self._settings.secret,
                    at=clock.now(),
                ),
                repeatable=False,
            )
        except http.NoAnswer as failed:
            raise SmsUnknown(failed.reason, maybe_executed=failed.maybe_executed) from None
        try:
            content = reading.json_object(answer.body)
        except Malformed as fault:
            raise SmsUnknown(
                f"HTTP {answer.status}, unreadable: {fault}",
                maybe_executed=answer.status >= 500 or answer.status < 400,
            ) from None
        return _granted(answer.status, content)


def _number(phone: str) -> str:
    """As the service writes numbers: eleven digits, or the country's code and the number, without a plus."""
    return phone.removeprefix("+")


def _granted(status: int, content: JsonObject) -> JsonObject:
    """The answer, if it says OK. Errors of the gateway come with a status of their own, those of the service with 200."""
    code, message = str(content.get("Code", "")), str(content.get("Message", ""))
    if code == "OK" and status == 200:
        return content
    said = code or f"HTTP {status}"
    if code in _MAYBE or status >= 500 or (not code and status < 400):
        raise SmsUnknown(f"{said}: {message}")
    if code in _LATER or code.startswith("Throttling") or status == 429:
        raise Shortage(said, message)
    raise SmsRefused(said, message, is_number=code in _NUMBER)


def _rows(content: JsonObject) -> list[dict[str, Any]]:
    group = content.get("SmsSendDetailDTOs")
    rows = group.get("SmsSendDetailDTO") if isinstance(group, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SmsUnknown("unreadable answer: no list of messages")
    return rows


def _found(row: dict[str, Any]) -> Found:
    match _STATES.get(row.get("SendStatus", 0)):
        case "waiting":
            return Found("waiting")
        case "delivered":
            return Found("delivered")
        case "failed":
            code = str(row.get("ErrCode", ""))
            return Found("failed", code, is_number=code in _NUMBER)
        case _:
            raise SmsUnknown("unreadable answer: a message without a state")
