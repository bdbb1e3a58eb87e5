"""dysmsapi.aliyuncs.com as merchants call it: SendSms and QuerySendDetails.

Facts: help.aliyun.com, "SendSms - 发送短信", "QuerySendDetails - 查询短信发送详情", "国内消息API错误码". Refusals of the service come with
HTTP 200 and a Code, those of the gateway with a status of their own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Any

from aiohttp import web

from sandbox import faults
from sandbox.sms.reports import Reports
from sandbox.sms.signature import Gatekeeper, GatewayError
from sandbox.store import Shelf
from sandbox.world import World

_BEIJING = timezone(timedelta(hours=8))
_A_DAY_MOST = 50
_VARIABLE_MOST = 35
_PHONE = re.compile(r"(\+?86|0086)?1[3-9]\d{9}|\+?[1-9]\d{6,14}")
_OWN_FAULTS = {"code:*", "garbage", "invisible"}
_UNDELIVERED = {"undelivered"}

TEMPLATES = {
    "SMS_1000": "您的验证码为${code}，10分钟内有效，请勿告诉他人。",
    "SMS_1001": "您的可用余额只剩${balance}，已低于${amount}，请及时充值。",
    "SMS_1002": "${title}应付${amount}，请及时处理。",
}
"""The merchant's approved templates."""


@dataclass
class ShortMessage:
    """One that was accepted. `state`: 1 waits for the network's receipt, 2 failed, 3 delivered."""

    biz_id: str
    phone: str
    content: str
    template_code: str
    out_id: str
    sent_at: str
    state: int = 3
    err_code: str = "DELIVERED"
    is_visible: bool = True


class ServiceError(Exception):
    """A refusal of the service."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


class Sms:
    """The service, for one merchant."""

    def __init__(self, world: World) -> None:
        self._world = world
        chosen = world.credentials
        self._sign_names = {chosen.sms_sign_name}
        self._gatekeeper = Gatekeeper(chosen.sms_key_id, chosen.sms_secret, world.clock)
        self._messages = Shelf(world.store, "sms.message", ShortMessage)
        self.templates = dict(TEMPLATES)
        for op in ("send", "details"):
            world.faults.declare(
                f"sms.{op}", faults.HTTP | _OWN_FAULTS | (_UNDELIVERED if op == "send" else set())
            )
        self.reports = Reports(world)
        self._dialect = faults.Dialect(
            server_error=lambda: _answer(503, "ServiceUnavailable", "The request has failed."),
            too_many=lambda: _answer(400, "Throttling.User", "Request was denied due to user flow control."),
            spoil=lambda response, fault: (
                web.Response(text="<html>bad gateway</html>", content_type="text/html")
                if fault.do == "garbage"
                else response
            ),
        )

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/", self._respond)
        return app

    def all(self) -> list[ShortMessage]:
        """What was accepted, in its order."""
        return list(self._messages)

    # ── one call ───────────────────────────────────────────────────────────────────────────────────

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        try:
            self._gatekeeper.check(request, body)
            if request.headers.get("x-acs-version") != "2017-05-25":
                raise GatewayError(400, "InvalidVersion", "Specified parameter Version is not valid.")
            action = {"SendSms": ("send", self._send), "QuerySendDetails": ("details", self._details)}.get(
                request.headers.get("x-acs-action", "")
            )
            if action is None:
                raise GatewayError(404, "InvalidAction.NotFound", "Specified api is not found.")
        except GatewayError as refused:
            return _answer(refused.status, refused.code, refused.message)
        name, act = action
        fault = self._world.faults.take(f"sms.{name}")

        async def execute() -> web.Response:
            if fault is not None and fault.do.startswith("code:"):
                return _answer(200, fault.do.removeprefix("code:"), "fault")
            try:
                return _answer(200, "OK", "OK", **act(dict(request.query), fault))
            except ServiceError as refused:
                return _answer(200, refused.code, refused.message)

        return await faults.answer(request, fault, execute, self._dialect)

    def _send(self, query: dict[str, str], fault: faults.Rule | None) -> dict[str, Any]:
        phone, code = query.get("PhoneNumbers", ""), query.get("TemplateCode", "")
        if not _PHONE.fullmatch(phone):
            raise ServiceError("isv.MOBILE_NUMBER_ILLEGAL", "非法手机号")
        if query.get("SignName") not in self._sign_names:
            raise ServiceError("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名")
        if code not in self.templates:
            raise ServiceError("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")
        params = _params(query.get("TemplateParam", "{}"))
        now = self._world.clock.now().astimezone(_BEIJING)
        today = f"{now:%Y-%m-%d}"
        lately = [
            one
            for one in self._messages
            if one.phone == phone and one.template_code == code and one.sent_at.startswith(today)
        ]
        if len(lately) >= _A_DAY_MOST:
            raise ServiceError("isv.BUSINESS_LIMIT_CONTROL", f"触发天级流控Permits:{_A_DAY_MOST}")
        content = f"【{query['SignName']}】{_filled(self.templates[code], params)}"
        biz_id = f"{self._world.store.next_no('sms'):018d}^0"
        accepted = ShortMessage(
            biz_id, phone, content, code, query.get("OutId", ""), f"{now:%Y-%m-%d %H:%M:%S}",
            is_visible=fault is None or fault.do != "invisible",
        )  # fmt: skip
        if fault is not None and fault.do == "undelivered":
            accepted.state, accepted.err_code = 2, str(fault.value or "UNDELIV")
        self._messages.put(biz_id, accepted)
        self.reports.push(accepted)
        return {"BizId": biz_id}

    def _details(self, query: dict[str, str], fault: faults.Rule | None) -> dict[str, Any]:
        page, size = int(query.get("CurrentPage", 1)), int(query.get("PageSize", 10))
        day = query.get("SendDate", "")
        if not re.fullmatch(r"\d{8}", day) or not 1 <= size <= 50 or page < 1:
            raise ServiceError("isv.INVALID_PARAMETERS", "参数异常")
        written = f"{day[:4]}-{day[4:6]}-{day[6:]}"
        found = [
            one
            for one in self._messages
            if one.phone == query.get("PhoneNumber") and one.sent_at.startswith(written) and one.is_visible
        ]
        if fault is not None and fault.do == "invisible":
            found = []
        rows = [
            {
                "PhoneNum": one.phone,
                "SendStatus": one.state,
                "ErrCode": one.err_code,
                "TemplateCode": one.template_code,
                "Content": one.content,
                "SendDate": one.sent_at,
                "ReceiveDate": one.sent_at,
                "OutId": one.out_id,
            }
            for one in found[(page - 1) * size : page * size]
        ]
        return {"TotalCount": len(found), "SmsSendDetailDTOs": {"SmsSendDetailDTO": rows}}


def _params(text: str) -> dict[str, str]:
    try:
        params = json.loads(text)
    except ValueError:
        raise ServiceError("isv.INVALID_JSON_PARAM", "参数格式错误") from None
    if not isinstance(params, dict) or not all(isinstance(value, str) for value in params.values()):
        raise ServiceError("isv.INVALID_JSON_PARAM", "参数格式错误，只接受字符串值")
    for value in params.values():
        if len(value) > _VARIABLE_MOST:
            raise ServiceError("isv.PARAM_LENGTH_LIMIT", "参数超出长度限制")
        if "http://" in value or "https://" in value:
            raise ServiceError("isv.PARAM_NOT_SUPPORT_URL", "变量不支持传入URL")
    return params


def _filled(template: str, params: dict[str, str]) -> str:
    for name in re.findall(r"\$\{(\w+)\}", template):
        if name not in params:
            raise ServiceError("isv.TEMPLATE_MISSING_PARAMETERS", "模板变量中存在未填写的变量")
        template = template.replace("${" + name + "}", params[name])
    return template


def _answer(status: int, code: str, message: str, **more: Any) -> web.Response:
    body = {"RequestId": "819BE656-D2E0-4858-8B21-B2E477085AAF", "Code": code, "Message": message, **more}
    return web.json_response(body, status=status, dumps=lambda value: json.dumps(value, ensure_ascii=False))
