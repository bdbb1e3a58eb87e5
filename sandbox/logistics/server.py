"""poll.kuaidi100.com as merchants call it: POST /poll (subscribe), POST /poll/query.do, and the pushes that follow.

Facts: api.kuaidi100.com ("实时快递单号查询技术文档"), apifox.com/apidoc/project-514987 ("快递信息推送服务"), the service's SDK
github.com/kuaidi100-api/java-demo. Signatures are upper-case MD5; a push is repeated three times, 35 minutes apart, until the merchant
answers `{"result": true}`.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from sandbox import faults
from sandbox.clock import beijing_text
from sandbox.courier import Delivery, Outcome, Route
from sandbox.faults import Rule
from sandbox.store import Shelf
from sandbox.world import World

ROUTE = "logistics.push"
PAUSES_S = (2100, 2100, 2100)
_ONCE_IN_S = 1800
_STATE_NAMES = {
    "0": "在途",
    "1": "揽收",
    "2": "疑难",
    "3": "签收",
    "4": "退签",
    "5": "派件",
    "6": "退回",
    "14": "拒签",
}
COMPANIES = frozenset({"shunfeng", "zhongtong", "yuantong", "yunda", "ems", "jd", "debangkuaidi"})
_WITH_PHONE = frozenset({"shunfeng", "zhongtong"})


@dataclass
class Waybill:
    """One number at one carrier, with the subscription there may be."""

    id: str
    company: str
    number: str
    state: str = "0"
    steps: list[dict[str, str]] = field(default_factory=list)
    callback_url: str | None = None
    salt: str | None = None
    asked_at: float | None = None


class Refusal(Exception):
    """The service says no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


class Logistics:
    """The service, for one merchant."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waybills = Shelf(world.store, "logistics.waybill", Waybill)
        for op in ("poll", "query"):
            world.faults.declare(f"logistics.{op}", faults.HTTP | {"code:*", "garbage"})
        world.courier.open_route(
            ROUTE, Route(self._post, PAUSES_S, frozenset({"bad_signature", "unsigned", "wrong_number"}))
        )
        self._dialect = faults.Dialect(
            server_error=lambda: web.Response(status=503, text="Service Unavailable"),
            too_many=lambda: _refused("502", "服务器繁忙"),
            spoil=lambda response, fault: (
                web.Response(text="<html>bad gateway</html>", content_type="text/html")
                if fault.do == "garbage"
                else response
            ),
        )

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/poll", self._answering("poll", self._subscribe))
        app.router.add_post("/poll/query.do", self._answering("query", self._query))
        return app

    def move(self, company: str, number: str, state: str, context: str, area: str = "浙江,杭州市") -> None:
        """The carrier does something with a parcel; whoever subscribed to it is told."""
        waybill = self._of(company, number)
        waybill.state = state
        at = beijing_text(self._world.clock.epoch_s())
        waybill.steps.insert(
            0,
            {
                "time": at, "ftime": at, "context": context, "status": _STATE_NAMES.get(state, "在途"),
                "areaName": area, "areaCode": "CN330100000000",
            },
        )  # fmt: skip
        self._waybills.put(waybill.id, waybill)
        if waybill.callback_url is not None:
            self._push(waybill, "shutdown" if state in ("3", "4") else "polling", "")

    def give_up(self, company: str, number: str) -> None:
        """Three days without a trace."""
        waybill = self._of(company, number)
        if waybill.callback_url is not None:
            self._push(waybill, "abort", "3天查询无记录")
            waybill.callback_url = None
            self._waybills.put(waybill.id, waybill)

    def subscribed(self) -> list[Waybill]:
        """Those the merchant hears of."""
        return [one for one in self._waybills if one.callback_url is not None]

    # ── calls ──────────────────────────────────────────────────────────────────────────────────────

    def _answering(self, op: str, act: Any) -> Any:
        async def respond(request: web.Request) -> web.StreamResponse:
            form = dict(await request.post())
            fault = self._world.faults.take(f"logistics.{op}")

            async def execute() -> web.Response:
                if fault is not None and fault.do.startswith("code:"):
                    return _refused(fault.do.removeprefix("code:"), "fault")
                try:
                    return _answer(act(form))
                except Refusal as refused:
                    return _refused(refused.code, refused.message)

            return await faults.answer(request, fault, execute, self._dialect)

        return respond

    def _subscribe(self, form: dict[str, Any]) -> dict[str, Any]:
        param = _param(form)
        more = param.get("parameters")
        if form.get("schema") != "json" or not isinstance(more, dict):
            raise Refusal("700", "订阅方的订阅数据存在错误")
        if param.get("key") != self._world.credentials.logistics_key:
            raise Refusal("600", "您不是合法的订阅者（即授权Key出错）")
        company, number = self._checked(param.get("company"), param.get("number"), more.get("phone"))
        if not str(more.get("callbackurl", "")).startswith("http"):
            raise Refusal("700", "错误的回调地址")
        waybill = self._of(company, number)
        if waybill.callback_url is not None:
            raise Refusal("501", "重复订阅")
        waybill.callback_url, waybill.salt = more["callbackurl"], more.get("salt")
        self._waybills.put(waybill.id, waybill)
        if waybill.steps:
            self._push(waybill, "shutdown" if waybill.state in ("3", "4") else "polling", "")
        return {"result": True, "returnCode": "200", "message": "提交成功"}

    def _query(self, form: dict[str, Any]) -> dict[str, Any]:
        given = self._world.credentials
        written = str(form.get("param", ""))
        if form.get("customer") != given.logistics_customer:
            raise Refusal("601", "POLL:KEY已过期")
        if form.get("sign") != _md5(written, given.logistics_key, given.logistics_customer):
            raise Refusal("503", "验证签名失败")
        param = _param(form)
        company, number = self._checked(param.get("com"), param.get("num"), param.get("phone"))
        waybill, now = self._of(company, number), self._world.clock.epoch_s()
        if waybill.asked_at is not None and now - waybill.asked_at < _ONCE_IN_S:
            raise Refusal("502", "锁单：同一单号半小时内只能查询一次")
        waybill.asked_at = now
        self._waybills.put(waybill.id, waybill)
        if not waybill.steps:
            raise Refusal("500", "查询无结果，请隔段时间再查")
        return _result(waybill)

    def _checked(self, company: object, number: object, phone: object) -> tuple[str, str]:
        if company not in COMPANIES:
            raise Refusal("701", "拒绝订阅的快递公司")
        if not isinstance(number, str) or not re.fullmatch(r"[A-Za-z0-9-]{6,32}", number):
            raise Refusal("700", "单号错误")
        if company in _WITH_PHONE and not re.fullmatch(r"\d{4,20}", str(phone or "")):
            raise Refusal("408", "验证码错误，请输入收寄件人手机号码后四位")
        return str(company), number

    def _of(self, company: str, number: str) -> Waybill:
        key = f"{company}:{number}"
        return self._waybills.get(key) or Waybill(key, company, number)

    # ── pushes ─────────────────────────────────────────────────────────────────────────────────────

    def _push(self, waybill: Waybill, status: str, message: str) -> None:
        assert waybill.callback_url is not None
        body = {
            "salt": waybill.salt,
            "param": {
                "status": status, "billstatus": "", "message": message, "autoCheck": "0", "comOld": "", "comNew": "",
                "lastResult": _result(waybill),
            },
        }  # fmt: skip
        self._world.courier.send(route=ROUTE, url=waybill.callback_url, subject=waybill.number, body=body)

    async def _post(self, delivery: Delivery, fault: Rule | None) -> Outcome:
        content = json.loads(json.dumps(delivery.body["param"]))
        if fault is not None and fault.do == "wrong_number":
            content["lastResult"]["nu"] = "SOMEBODYELSES"
        param = json.dumps(content, ensure_ascii=False)
        form = {"param": param}
        if delivery.body["salt"] is not None and (fault is None or fault.do != "unsigned"):
            form["sign"] = _md5(param, delivery.body["salt"])
        if fault is not None and fault.do == "bad_signature":
            form["sign"] = _md5(param, "guessed")
        try:
            async with self._world.http.post(delivery.url, data=form, allow_redirects=False) as answer:
                text = await answer.text()
                return Outcome(_is_taken(text), f"HTTP {answer.status} {text[:60]!r}")
        except TimeoutError:
            return Outcome(False, "no answer in time")
        except aiohttp.ClientError as error:
            return Outcome(False, type(error).__name__)


def _result(waybill: Waybill) -> dict[str, Any]:
    kept = asdict(waybill)
    return {
        "message": "ok", "status": "200", "condition": "00", "ischeck": "1" if waybill.state == "3" else "0",
        "com": waybill.company, "nu": waybill.number, "state": waybill.state, "data": kept["steps"],
    }  # fmt: skip


def _param(form: dict[str, Any]) -> dict[str, Any]:
    try:
        param = json.loads(str(form.get("param", "")))
    except ValueError:
        raise Refusal("400", "提交的数据不完整") from None
    if not isinstance(param, dict):
        raise Refusal("400", "提交的数据不完整")
    return param


def _md5(*parts: str) -> str:
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest().upper()


def _is_taken(text: str) -> bool:
    try:
        said = json.loads(text)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("result") is True


def _answer(content: dict[str, Any]) -> web.Response:
    return web.json_response(content, dumps=lambda value: json.dumps(value, ensure_ascii=False))


def _refused(code: str, message: str) -> web.Response:
    return _answer({"result": False, "returnCode": code, "message": message})
