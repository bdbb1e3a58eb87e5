"""api.weixin.qq.com as merchants call it: HTTP 200 with `errcode` for nearly every refusal."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox import faults
from sandbox.platform import accounts
from sandbox.platform.accounts import Account, PlatformError
from sandbox.platform.chat import Chat
from sandbox.platform.customer_messages import CustomerMessages
from sandbox.platform.follower_tags import FollowerTags
from sandbox.platform.login import Login
from sandbox.platform.menus import Menus
from sandbox.platform.pushes import Pushes
from sandbox.platform.scene_codes import SceneCodes
from sandbox.platform.service_desk import ServiceDesk
from sandbox.platform.shipping import Shipping
from sandbox.platform.templates import Templates
from sandbox.platform.tokens import Tokens
from sandbox.platform.web_authorization import WebAuthorization
from sandbox.world import World

Body = dict[str, Any]
TokenAction = Callable[[Account, Body], Body]
OpenAction = Callable[[Body], Body]


class Platform:
    def __init__(self, world: World) -> None:
        self._world = world
        self.accounts = accounts.both(world.credentials)
        self.tokens = Tokens(world)
        self.login = Login(world, self.accounts["mini"])
        self.web_authorization = WebAuthorization(world, self.accounts["official"])
        self.pushes = Pushes(world, self.accounts)
        self.templates = Templates(world, self.accounts, self.pushes)
        self.tags = FollowerTags(world)
        self.menus = Menus(world, self.tags)
        self.scene_codes = SceneCodes(world)
        self.shipping = Shipping(world)
        customer_messages = CustomerMessages(world)
        self._customer_messages = customer_messages
        self.chat = Chat(world, self.accounts["official"], self.pushes, customer_messages, self.tags)
        self.service_desk = ServiceDesk(world, self.accounts["mini"], self.pushes, customer_messages)
        self._dialect = faults.Dialect(
            server_error=lambda: web.Response(status=500, text="system error"),
            too_many=lambda: _answer(PlatformError(45011, "api minute-quota reach limit").body()),
            spoil=_spoil,
        )

    def add_routes(self, app: web.Application) -> None:
        get, post = app.router.add_get, app.router.add_post
        get("/sns/jscode2session", self._open_call("code2session", self._code2session))
        get("/sns/oauth2/access_token", self._open_call("oauth2", self._oauth2))
        get("/sns/userinfo", self._open_call("userinfo", self._shown_on_page))
        get("/cgi-bin/token", self._open_call("token", self._token))
        post("/cgi-bin/stable_token", self._open_call("stable_token", self._stable_token))
        message = "/cgi-bin/message"
        post(f"{message}/subscribe/send", self._token_call("subscribe_send", self._subscribe_send, "mini"))
        custom_send = self._token_call("custom_send", self._custom_send, "mini", "official")
        post(f"{message}/custom/send", custom_send)
        post(f"{message}/template/send", self._token_call("template_send", self._template_send, "official"))
        post(
            "/wxa/sec/order/is_trade_managed", self._token_call("trade_managed", self._trade_managed, "mini")
        )
        post("/wxa/sec/order/upload_shipping_info", self._token_call("upload_shipping", self._ship, "mini"))
        post("/wxa/business/getuserphonenumber", self._token_call("phone_number", self._phone_number, "mini"))
        get("/cgi-bin/user/info", self._token_call("user_info", self._user_info, "official"))
        post("/cgi-bin/menu/create", self._token_call("menu_create", self._menu_create, "official"))
        get("/cgi-bin/menu/get", self._token_call("menu_get", self._menu_get, "official"))
        self._add_menus(app)

    def _add_menus(self, app: web.Application) -> None:
        """What only reads its body."""
        get, post = app.router.add_get, app.router.add_post
        menus, tags, menu, members = self.menus, self.tags, "/cgi-bin/menu", "/cgi-bin/tags/members"
        for add, path, name, act in (
            (post, f"{menu}/addconditional", "menu_add", menus.add_conditional),
            (post, f"{menu}/delconditional", "menu_del", menus.remove_conditional),
            (get, f"{menu}/delete", "menu_delete", lambda _body: menus.remove()),
            (get, "/cgi-bin/tags/get", "tags_get", lambda _body: tags.get()),
            (post, "/cgi-bin/tags/create", "tags_create", tags.create),
            (post, f"{members}/batchtagging", "tagging", lambda body: tags.put(body, on=True)),
            (post, f"{members}/batchuntagging", "untagging", lambda body: tags.put(body, on=False)),
            (post, "/cgi-bin/qrcode/create", "qrcode", self.scene_codes.create),
        ):
            add(path, self._token_call(name, _body_only(act), "official"))

    # ── one call ───────────────────────────────────────────────────────────────────────────────────

    def _open_call(self, name: str, action: OpenAction) -> Any:
        """A call that carries app id and secret itself."""

        async def act(request: web.Request) -> Body:
            return action(await _read(request))

        return self._route(name, act)

    def _token_call(self, name: str, action: TokenAction, *only: str) -> Any:
        """A call that needs an access_token of one of the accounts named in `only`."""

        async def act(request: web.Request) -> Body:
            account = self.tokens.account_of(request.query.get("access_token"), list(self.accounts.values()))
            if account.name not in only:
                raise PlatformError(48001, "api unauthorized")
            return action(account, await _read(request))

        return self._route(name, act)

    def _route(self, name: str, act: Callable[[web.Request], Awaitable[Body]]) -> Any:
        own_faults = {"invalidate_token", "errcode:*", "garbage"}
        self._world.faults.declare(f"platform.{name}", faults.HTTP | own_faults)

        async def respond(request: web.Request) -> web.StreamResponse:
            fault = self._world.faults.take(f"platform.{name}")
            if fault is not None and fault.do == "invalidate_token":
                self.tokens.forget(request.query.get("access_token"))
                fault = None

            async def execute() -> web.Response:
                if fault is not None and fault.do.startswith("errcode:"):
                    return _answer(PlatformError(int(fault.do.removeprefix("errcode:")), "fault").body())
                try:
                    return _answer(await act(request))
                except PlatformError as error:
                    return _answer(error.body())

            return await faults.answer(request, fault, execute, self._dialect)

        return respond

    def _account(self, body: Body) -> Account:
        account = next((one for one in self.accounts.values() if one.app_id == body.get("appid")), None)
        if account is None:
            raise PlatformError(40013, "invalid appid")
        if body.get("secret") != account.secret:
            raise PlatformError(40125, "invalid appsecret")
        return account

    # ── the actions ────────────────────────────────────────────────────────────────────────────────

    def _code2session(self, body: Body) -> Body:
        account = self._account(body)
        if account.name != "mini":
            raise PlatformError(40013, "invalid appid")
        if body.get("grant_type") != "authorization_code":
            raise PlatformError(40002, "invalid grant_type")
        if not body.get("js_code"):
            raise PlatformError(41008, "missing code")
        return self.login.session(str(body["js_code"]))

    def _oauth2(self, body: Body) -> Body:
        if self._account(body).name != "official":
            raise PlatformError(40013, "invalid appid")
        if body.get("grant_type") != "authorization_code":
            raise PlatformError(40002, "invalid grant_type")
        if not body.get("code"):
            raise PlatformError(41008, "missing code")
        return self.web_authorization.exchange(str(body["code"]))

    def _shown_on_page(self, body: Body) -> Body:
        if not body.get("access_token"):
            raise PlatformError(41001, "access_token missing")
        return self.web_authorization.user_info(str(body["access_token"]), str(body.get("openid", "")))

    def _token(self, body: Body) -> Body:
        if body.get("grant_type") != "client_credential":
            raise PlatformError(40002, "invalid grant_type")
        token = self.tokens.plain(self._account(body))
        return {"access_token": token.value, "expires_in": 7200}

    def _stable_token(self, body: Body) -> Body:
        if body.get("grant_type") != "client_credential":
            raise PlatformError(40002, "invalid grant_type")
        force_refresh = body.get("force_refresh", False)
        if not isinstance(force_refresh, bool):
            raise PlatformError(47001, "data format error")
        token = self.tokens.stable(self._account(body), force_refresh=force_refresh)
        return {
            "access_token": token.value,
            "expires_in": int(token.ends_at - self._world.clock.epoch_s()),
        }

    def _phone_number(self, _account: Account, body: Body) -> Body:
        return self.login.phone_number(str(body.get("code", "")))

    def _subscribe_send(self, account: Account, body: Body) -> Body:
        return self.templates.send_subscribe(account, body)

    def _custom_send(self, account: Account, body: Body) -> Body:
        return self._customer_messages.send(account, body)

    def _template_send(self, account: Account, body: Body) -> Body:
        return self.templates.send_template(account, body)

    def _trade_managed(self, _account: Account, body: Body) -> Body:
        return self.shipping.is_managed(body)

    def _ship(self, _account: Account, body: Body) -> Body:
        return self.shipping.upload(body)

    def _menu_create(self, _account: Account, body: Body) -> Body:
        return self.menus.create(body)

    def _menu_get(self, _account: Account, _body: Body) -> Body:
        return self.menus.get()

    def _user_info(self, account: Account, body: Body) -> Body:
        """Of people who do not follow only the openid is told."""
        person = self._world.people.by_openid("official", str(body.get("openid", "")))
        if person is None:
            raise PlatformError(40003, "invalid openid")
        if not person.follows:
            return {"subscribe": 0, "openid": person.official_openid, "tagid_list": []}
        shown: Body = {
            "subscribe": 1,
            "openid": account.openid_of(person),
            "language": "zh_CN",
            "subscribe_time": int(person.followed_at or 0),
            "remark": "",
            "groupid": 0,
            "tagid_list": [],
            "subscribe_scene": "ADD_SCENE_SEARCH",
            "qr_scene": 0,
            "qr_scene_str": "",
        }
        if self._world.settings.unionid_bound:
            shown["unionid"] = person.unionid
        return shown


def _body_only(act: OpenAction) -> TokenAction:
    return lambda _account, body: act(body)


async def _read(request: web.Request) -> Body:
    if request.method == "GET":
        return dict(request.query)
    try:
        body = json.loads(await request.read())
    except ValueError:
        raise PlatformError(47001, "data format error") from None
    if not isinstance(body, dict):
        raise PlatformError(47001, "data format error")
    return body


def _answer(body: Body) -> web.Response:
    # The platform does not always call its JSON by name; clients must read the text.
    return web.Response(text=json.dumps(body, ensure_ascii=False), content_type="text/plain")


def _spoil(response: web.Response, fault: faults.Rule) -> web.Response:
    if fault.do == "garbage":
        return web.Response(text="<html>bad gateway</html>", content_type="text/html")
    return response
