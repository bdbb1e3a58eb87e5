"""Asynchronous notices of Alipay: a signed form, sent again for a day until the answer is exactly `success`."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

import aiohttp

from sandbox.alipay.wire import Wire
from sandbox.clock import beijing_text
from sandbox.courier import Delivery, Outcome, Route
from sandbox.faults import Rule
from sandbox.world import World

if TYPE_CHECKING:
    from sandbox.alipay.trades import Trade

ROUTE = "alipay.notify"
PAUSES_S = (240, 600, 600, 3600, 7200, 21600, 54000)
FAULTS = frozenset(
    {"bad_signature", "unsigned", "wrong_amount", "wrong_app_id", "wrong_seller", "wrong_number"}
)


class Notices:
    def __init__(self, world: World, wire: Wire) -> None:
        self._world = world
        self._wire = wire
        world.courier.open_route(ROUTE, Route(self._post, PAUSES_S, FAULTS))

    def send(self, trade: Trade, fields: dict[str, str]) -> None:
        """Nothing is sent for a trade that was made without notify_url."""
        if trade.notify_url is None:
            return
        credentials = self._world.credentials
        now = self._world.clock.epoch_s()
        stamp = beijing_text(now)[:10].replace("-", "")
        body = fields | {
            "notify_type": "trade_status_sync",
            "notify_id": f"{stamp}{secrets.token_hex(13)}",
            "app_id": credentials.alipay_app_id,
            "auth_app_id": credentials.alipay_app_id,
            "seller_id": credentials.alipay_seller_id,
            "seller_email": credentials.alipay_seller_email,
            "charset": "utf-8",
            "version": "1.0",
        }
        self._world.courier.send(route=ROUTE, url=trade.notify_url, subject=trade.out_trade_no, body=body)

    async def _post(self, delivery: Delivery, fault: Rule | None) -> Outcome:
        params = _spoil(dict(delivery.body), fault)
        params["notify_time"] = beijing_text(self._world.clock.epoch_s())
        params = self._wire.sign_notice(params)
        if fault is not None and fault.do == "bad_signature":
            params["sign"] = base64.b64encode(secrets.token_bytes(256)).decode()
        elif fault is not None and fault.do == "unsigned":
            del params["sign"]
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        form = aiohttp.FormData(params, charset="utf-8")
        try:
            async with self._world.http.post(
                delivery.url, data=form(), headers=headers, allow_redirects=False
            ) as answer:
                text = await answer.text()
                accepted = answer.status == 200 and text.strip() == "success"
                return Outcome(accepted, f"HTTP {answer.status} {text[:40]!r}")
        except TimeoutError:
            return Outcome(False, "no answer in time")
        except aiohttp.ClientError as error:
            return Outcome(False, type(error).__name__)


def _spoil(params: dict[str, str], fault: Rule | None) -> dict[str, str]:
    """`wrong_amount` (value: yuan text), `wrong_app_id`, `wrong_seller`, `wrong_number`; else unchanged."""
    if fault is None:
        return params
    if fault.do == "wrong_amount":
        params["total_amount"] = str(fault.value or "0.01")
    elif fault.do == "wrong_app_id":
        params["app_id"] = "2021000000000000"
    elif fault.do == "wrong_seller":
        params["seller_id"] = "2088000000000000"
    elif fault.do == "wrong_number":
        params["out_trade_no"] = str(fault.value or "NOSUCHNUMBER")
    return params
