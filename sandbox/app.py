"""The sandbox as one object: five listening ports in one process and one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.alipay.server import Alipay
from sandbox.control import Control
from sandbox.credentials import Credentials
from sandbox.logistics.server import Logistics
from sandbox.phone.routes import Phone
from sandbox.platform.server import Platform
from sandbox.settings import Settings
from sandbox.sms.server import Sms
from sandbox.wechat_pay.server import WeChatPay
from sandbox.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

__all__ = ["Credentials", "Sandbox", "Settings"]


class Sandbox:
    """A running sandbox. `platform_url`, `wechat_pay_url`, `alipay_url`, `sms_url` and
    `logistics_url` carry no path."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.platform = Platform(world)
        self.wechat_pay = WeChatPay(world)
        self.alipay = Alipay(world)
        self.sms = Sms(world)
        self.logistics = Logistics(world)
        self.platform_url = self.wechat_pay_url = self.alipay_url = self.sms_url = ""
        self.logistics_url = ""
        self._runners: list[web.AppRunner] = []

    @classmethod
    async def start(cls, settings: Settings | None = None) -> Sandbox:
        """Opens the ports and takes up what was under way when the sandbox last stopped."""
        settings = settings or Settings()
        sandbox = cls(World(settings))
        people_and_platform = web.Application(middlewares=[_open_to_all_origins])
        sandbox.platform.add_routes(people_and_platform)
        phone = Phone(sandbox.world, sandbox.platform, sandbox.wechat_pay, sandbox.alipay)
        phone.add_routes(people_and_platform)
        Control(sandbox.world, sandbox.platform, sandbox.wechat_pay).add_routes(people_and_platform)
        try:
            sandbox.platform_url = await sandbox._listen(people_and_platform, settings.platform_port)
            sandbox.wechat_pay_url = await sandbox._listen(
                sandbox.wechat_pay.application(), settings.wechat_pay_port
            )
            sandbox.alipay_url = await sandbox._listen(sandbox.alipay.application(), settings.alipay_port)
            sandbox.sms_url = await sandbox._listen(sandbox.sms.application(), settings.sms_port)
            sandbox.logistics_url = await sandbox._listen(
                sandbox.logistics.application(), settings.logistics_port
            )
        except BaseException:
            await sandbox.stop()
            raise
        sandbox.world.agenda.start()
        return sandbox

    @property
    def credentials(self) -> Credentials:
        return self.world.credentials

    async def stop(self) -> None:
        for runner in self._runners:
            await runner.cleanup()
        await self.world.close()

    async def quiet(self, *, within_s: float = 5.0, timeout_s: float = 10.0) -> None:
        """Waits until nothing runs and nothing is due within the next `within_s` world seconds (for tests).

        Raises: TimeoutError.
        """
        async with asyncio.timeout(timeout_s):
            while self.world.busy(within_s=within_s):  # noqa: ASYNC110 - nothing signals that all is over
                await asyncio.sleep(0.01)

    async def _listen(self, app: web.Application, port: int) -> str:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        self._runners.append(runner)
        host = self.world.settings.host
        await web.TCPSite(runner, host, port).start()
        return f"http://{host}:{runner.addresses[0][1]}"


@web.middleware
async def _open_to_all_origins(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The phone page's mini-program may be served elsewhere; there is nothing to protect here."""
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": "GET, POST, DELETE",
        "Access-Control-Allow-Headers": "Content-Type",
    }
    if request.method == "OPTIONS":
        return web.Response(status=204, headers=headers)
    try:
        response = await handler(request)
    except web.HTTPException as error:
        error.headers.update(headers)
        raise
    if not response.prepared:
        response.headers.update(headers)
    return response
