"""`python -m sandbox`: the outside world on five ports of this machine."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from pathlib import Path

from sandbox.app import Sandbox, Settings


def main(arguments: list[str] | None = None) -> None:
    asyncio.run(_serve(read_settings(arguments)))


def read_settings(arguments: list[str] | None = None) -> Settings:
    """Raises: SystemExit on options that make no sense."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    defaults = Settings()
    parser.add_argument(
        "--state-dir", type=Path, required=True, help="keys, people, orders; kept between starts"
    )
    parser.add_argument("--host", default=defaults.host)
    parser.add_argument("--platform-port", type=int, default=9000)
    parser.add_argument("--wechat-pay-port", type=int, default=9001)
    parser.add_argument("--alipay-port", type=int, default=9002)
    parser.add_argument("--sms-port", type=int, default=0, help="Alibaba Cloud SMS; 0: any that is free")
    parser.add_argument("--logistics-port", type=int, default=0, help="Kuaidi100; 0: any that is free")
    parser.add_argument(
        "--time-scale", type=float, default=1.0, help="multiplies retry pauses and refund delays"
    )
    parser.add_argument(
        "--wechat-pay-mode", choices=["public-key", "certificate", "switching"], default="public-key"
    )
    parser.add_argument("--message-mode", choices=["safe", "plain"], default="safe")
    parser.add_argument("--official-push-url", help="where official-account messages are pushed")
    parser.add_argument("--mini-push-url", help="where mini-program messages are pushed")
    parser.add_argument("--sms-report-url", help="where delivery reports of short messages are pushed")
    parser.add_argument("--merchant-name", default=defaults.merchant_name)
    parser.add_argument(
        "--official-menu", type=json.loads, help="the official account's menu, as menu/create takes it"
    )
    parser.add_argument("--shop-api-url", help="origin of the API that the phone page's mini-program calls")
    options = parser.parse_args(arguments)
    return Settings(**vars(options))


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sandbox = await Sandbox.start(settings)
    print(f"phone and WeChat platform  {sandbox.platform_url}")
    print(f"WeChat Pay v3              {sandbox.wechat_pay_url}")
    print(f"Alipay gateway             {sandbox.alipay_url}/gateway.do")
    print(f"Alibaba Cloud SMS          {sandbox.sms_url}")
    print(f"Kuaidi100                  {sandbox.logistics_url}")
    print(f"merchant's credentials     {settings.state_dir}/merchant/credentials.json", flush=True)
    await stop.wait()
    await sandbox.stop()


if __name__ == "__main__":
    main()
