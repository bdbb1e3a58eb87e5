"""Notifications of WeChat Pay: encrypted, signed, sent again for a day until answered 200 or 204.

Facts: pay.weixin.qq.com "支付成功回调通知" (envelope, five seconds, retry schedule).
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import aiohttp

from sandbox.clock import rfc3339
from sandbox.courier import Delivery, Outcome, Route
from sandbox.faults import Rule
from sandbox.wechat_pay.seal import Seal, new_request_id, signature_probe
from sandbox.world import World

ROUTE = "wechat_pay.notify"
PAUSES_S = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
FAULTS = frozenset(
    {"signtest", "bad_signature", "stale", "wrong_serial", "wrong_amount", "wrong_app_id", "wrong_number"}
)


class Notices:
    def __init__(self, world: World, seal: Seal) -> None:
        self._world = world
        self._seal = seal
        world.courier.open_route(ROUTE, Route(self._post, PAUSES_S, FAULTS))

    def send(
        self,
        *,
        url: str,
        event_type: str,
        summary: str,
        original_type: str,
        subject: str,
        resource: dict[str, Any],
    ) -> None:
        body = {
            "id": str(uuid.uuid4()),
            "create_time": rfc3339(self._world.clock.epoch_s()),
            "event_type": event_type,
            "summary": summary,
            "original_type": original_type,
            "resource": resource,
        }
        self._world.courier.send(route=ROUTE, url=url, subject=subject, body=body)

    async def _post(self, delivery: Delivery, fault: Rule | None) -> Outcome:
        body = self._sealed(delivery.body, fault)
        headers = self._seal.headers(body)
        _spoil_headers(headers, fault)
        headers |= {
            "Content-Type": "application/json",
            "Accept": "*/*",
            "User-Agent": "Mozilla/4.0",
            "Request-ID": new_request_id(0),
        }
        try:
            async with self._world.http.post(
                delivery.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                await answer.read()
                return Outcome(answer.status in (200, 204), f"HTTP {answer.status}")
        except TimeoutError:
            return Outcome(False, "no answer in time")
        except aiohttp.ClientError as error:
            return Outcome(False, type(error).__name__)

    def _sealed(self, notice: dict[str, Any], fault: Rule | None) -> bytes:
        resource = _spoil_resource(notice["resource"], fault)
        plaintext = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
        envelope = {
            "id": notice["id"],
            "create_time": notice["create_time"],
            "resource_type": "encrypt-resource",
            "event_type": notice["event_type"],
            "summary": notice["summary"],
            "resource": {
                "original_type": notice["original_type"],
                **self._seal.encrypt(plaintext, notice["original_type"]),
            },
        }
        return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()


def _spoil_resource(resource: dict[str, Any], fault: Rule | None) -> dict[str, Any]:
    """`wrong_amount` (value: fen, default one fen less), `wrong_app_id`, `wrong_number`; else unchanged."""
    if fault is None:
        return resource
    spoilt: dict[str, Any] = json.loads(json.dumps(resource))
    if fault.do == "wrong_amount":
        spoilt["amount"]["total"] = fault.value if fault.value is not None else spoilt["amount"]["total"] - 1
    elif fault.do == "wrong_app_id":
        spoilt["appid"] = "wx0000000000000000"
    elif fault.do == "wrong_number":
        spoilt["out_trade_no"] = fault.value or "NOSUCHNUMBER"
    return spoilt


def _spoil_headers(headers: dict[str, str], fault: Rule | None) -> None:
    if fault is None:
        return
    if fault.do == "signtest":
        headers["Wechatpay-Signature"] = signature_probe()
    elif fault.do == "bad_signature":
        headers["Wechatpay-Nonce"] += "0"
    elif fault.do == "stale":
        headers["Wechatpay-Timestamp"] = str(int(headers["Wechatpay-Timestamp"]) - 600)
    elif fault.do == "wrong_serial":
        headers["Wechatpay-Serial"] = "PUB_KEY_ID_0000000000000000000000000000"
