"""Delivery reports pushed to the merchant, as SmsReport has them (help.aliyun.com, document_detail/101867): a JSON array, unsigned."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp

from sandbox.courier import Delivery, Outcome, Route
from sandbox.faults import Rule
from sandbox.world import World

if TYPE_CHECKING:
    from sandbox.sms.server import ShortMessage

ROUTE = "sms.report"
PAUSES_S = (60, 300, 600)


class Reports:
    """One address, as set in the console; without one nothing is pushed."""

    def __init__(self, world: World) -> None:
        self._world = world
        if world.settings.sms_report_url is not None:
            self.set_address(world.settings.sms_report_url)
        world.courier.open_route(ROUTE, Route(self._post, PAUSES_S, frozenset()))

    def set_address(self, url: str | None) -> None:
        self._world.store.save_value("sms.report_url", url)

    def push(self, message: ShortMessage) -> None:
        """Says what became of a message."""
        url = self._world.store.load_value("sms.report_url", None)
        if url is not None:
            self._world.courier.send(
                route=ROUTE, url=url, subject=message.biz_id, body={"reports": [report(message)]}
            )

    async def _post(self, delivery: Delivery, _fault: Rule | None) -> Outcome:
        try:
            async with self._world.http.post(
                delivery.url,
                data=json.dumps(delivery.body["reports"], ensure_ascii=False).encode(),
                headers={"Content-Type": "application/json;charset=UTF-8"},
                allow_redirects=False,
            ) as answer:
                text = await answer.text()
                return Outcome(
                    answer.status == 200 and _has_a_code(text), f"HTTP {answer.status} {text[:60]!r}"
                )
        except TimeoutError:
            return Outcome(False, "no answer in time")
        except aiohttp.ClientError as error:
            return Outcome(False, type(error).__name__)


def report(message: ShortMessage) -> dict[str, Any]:
    """One element of the array."""
    delivered = message.state == 3
    return {
        "phone_number": message.phone,
        "send_time": message.sent_at,
        "report_time": message.sent_at,
        "success": delivered,
        "err_code": message.err_code,
        "err_msg": "用户接收成功" if delivered else "发送失败",
        "sms_size": str(1 + max(0, len(message.content) - 4) // 67),
        "biz_id": message.biz_id,
        "out_id": message.out_id,
    }


def _has_a_code(text: str) -> bool:
    try:
        said = json.loads(text)
    except ValueError:
        return False
    return isinstance(said, dict) and isinstance(said.get("code"), int)
