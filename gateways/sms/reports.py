"""Alibaba Cloud's SmsReport: what became of short messages, pushed to an address of ours.

help.aliyun.com, "SmsReport" (document_detail/101867): HTTP POST of a JSON array, several reports in one, in no promised order and perhaps
more than once; HTTP 200 with a number as `code` ends it, anything else is pushed again after 1, 5 and 10 minutes. **Nothing is signed.** A
report is a stranger's word: it says which message is worth asking the provider about (`Provider.find`), and nothing more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

MOST = 1_000
"""So many reports of one push are looked at."""
_LONGEST = 64


class NotReports(Exception):
    """No JSON array."""


@dataclass(frozen=True, slots=True)
class Report:
    """Somebody says that the message of our `reference`, sent to `phone` on this day in Beijing, did not arrive. `number` is the BizId."""

    reference: str
    number: str
    phone: str
    sent_on: date
    code: str


def read(body: bytes) -> list[Report]:
    """The messages that are said not to have arrived; of one that did there is nothing to do. What is not whole is passed over.

    Raises: NotReports.
    """
    try:
        pushed = json.loads(body)
    except (ValueError, RecursionError):
        raise NotReports from None
    if not isinstance(pushed, list):
        raise NotReports
    found = (_report(one) for one in pushed[:MOST] if isinstance(one, dict))
    return [one for one in found if one is not None]


def _report(one: Mapping[str, Any]) -> Report | None:
    if one.get("success") is not False:
        return None
    given = [one.get(name) for name in ("out_id", "biz_id", "phone_number", "send_time", "err_code")]
    reference, number, phone, sent_at, code = (value if isinstance(value, str) else "" for value in given)
    if not all((reference, number, phone)) or max(map(len, (reference, number, phone))) > _LONGEST:
        return None
    if "\0" in reference + number + phone + code:
        return None
    try:
        return Report(reference, number, phone, date.fromisoformat(sent_at[:10]), code[:_LONGEST])
    except ValueError:
        return None
