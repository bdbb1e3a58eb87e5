"""The outside world as this shop is connected to it: gateways built from the settings."""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp
import redis.asyncio
from pydantic import SecretStr

from app import config
from gateways import alipay, channel, wechat, wechat_pay


@dataclass(frozen=True, slots=True)
class Outside:
    """The gateways; None where the shop is not connected."""

    mini_program: wechat.MiniProgram
    official_account: wechat.OfficialAccount | None
    wechat_pay: wechat_pay.WechatPay | None
    alipay: alipay.Alipay | None

    @property
    def channels(self) -> dict[str, channel.Channel]:
        """The payment channels by name."""
        connected: list[channel.Channel] = []
        if self.wechat_pay is not None:
            connected.append(self.wechat_pay)
        if self.alipay is not None:
            connected.append(self.alipay)
        return {one.name: one for one in connected}


def build(
    settings: config.Config, *, session: aiohttp.ClientSession, redis: redis.asyncio.Redis | None
) -> Outside:
    """Connects nothing yet: gateways call when they are asked to."""
    platform = wechat.Platform(settings.wechat.api_base_url, session=session)
    return Outside(
        mini_program=_mini_program(settings, platform, redis),
        official_account=_official_account(settings, platform, redis),
        wechat_pay=_wechat_pay(settings, session),
        alipay=_alipay(settings, session),
    )


def _mini_program(
    settings: config.Config, platform: wechat.Platform, redis: redis.asyncio.Redis | None
) -> wechat.MiniProgram:
    chosen = settings.wechat.mini_program
    account = wechat.Account(chosen.app_id, chosen.secret.get_secret_value())
    return wechat.MiniProgram(account, platform, wechat.AccessTokens(account, platform, redis=redis))


def _official_account(
    settings: config.Config, platform: wechat.Platform, redis: redis.asyncio.Redis | None
) -> wechat.OfficialAccount | None:
    chosen = settings.wechat.official_account
    if chosen is None:
        return None
    account = wechat.Account(chosen.app_id, chosen.secret.get_secret_value())
    return wechat.OfficialAccount(wechat.AccessTokens(account, platform, redis=redis))


def _wechat_pay(settings: config.Config, session: aiohttp.ClientSession) -> wechat_pay.WechatPay | None:
    chosen = settings.wechat_pay
    if chosen is None:
        return None
    return wechat_pay.WechatPay(
        wechat_pay.Settings(
            mch_id=chosen.mch_id,
            app_id=chosen.app_id or settings.wechat.mini_program.app_id,
            serial_no=chosen.serial_no,
            private_key_pem=chosen.private_key.get_secret_value(),
            api_v3_key=chosen.api_v3_key.get_secret_value(),
            notify_url=f"{settings.server.public_url}/webhooks/wechat-pay",
            public_key_id=chosen.public_key_id,
            public_key_pem=_text(chosen.public_key),
            platform_certificates_pem=tuple(pem.get_secret_value() for pem in chosen.platform_certificates),
            base_urls=chosen.base_urls,
        ),
        session=session,
    )


def _alipay(settings: config.Config, session: aiohttp.ClientSession) -> alipay.Alipay | None:
    chosen = settings.alipay
    if chosen is None:
        return None
    return alipay.Alipay(
        alipay.Settings(
            app_id=chosen.app_id,
            seller_id=chosen.seller_id,
            private_key=chosen.app_private_key.get_secret_value(),
            alipay_public_key=chosen.alipay_public_key.get_secret_value(),
            notify_url=f"{settings.server.public_url}/webhooks/alipay",
            return_url=chosen.return_url,
            quit_url=chosen.quit_url,
            gateway_url=chosen.gateway_url,
        ),
        session=session,
    )


def _text(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
