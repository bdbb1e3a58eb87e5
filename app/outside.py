"""The outside world as this shop is connected to it: gateways built from the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import redis.asyncio
from pydantic import SecretStr

import webhooks
from app import config, message_config
from billing import inbox
from billing.channels import Channels, OpenChannel
from gateways import alipay, logistics, objects, oidc, sms, wechat, wechat_pay
from members import chat_languages, single_sign_on
from notifications import addresses, codes, delivery, templates
from notifications.channels import official as official_channels
from notifications.channels import subscribe
from notifications.channels.channel import Channel
from notifications.channels.sms import ShortMessages
from notifications.pace import Pace
from shop import chat_menus, images

if TYPE_CHECKING:  # its library is loaded by who sends mail
    from gateways import mail


@dataclass(frozen=True, slots=True)
class Outside:
    """The gateways; None where the shop is not connected."""

    mini_program: wechat.MiniProgram
    official_account: wechat.OfficialAccount | None
    wechat_pay: wechat_pay.WechatPay | None
    alipay: alipay.Alipay | None
    alipay_app_id: str
    """The mini-program at Alipay; "" where the shop is not connected."""

    shipping: wechat.OrderShipping | None
    """Whom shipments are reported to; None where the shop does not report any."""
    channels: Channels
    """The open payment channels, as the desk wants them."""
    readers: inbox.Readers
    """What verifies the notifications of each."""
    post: delivery.Post
    """How messages leave the house."""
    images: images.Store
    """Where the pictures of products are kept."""
    code_senders: codes.Senders
    """How codes do that confirm where customers can be reached."""
    menus: chat_menus.Configured
    """The official account's menus as the settings have them."""
    languages: chat_languages.Languages | None
    """Which of them are for who has chosen a language; None where the shop has no official account."""
    scene_codes: wechat.SceneCodes | None
    """Who makes its QR codes; None where the shop has none."""
    tracker: logistics.Kuaidi100 | None
    """Who knows where parcels are."""
    identity_provider: single_sign_on.House | None
    """Where operators sign in once for all; None where the shop has none."""


def build(
    settings: config.Config, *, session: aiohttp.ClientSession, redis: redis.asyncio.Redis | None
) -> Outside:
    """Connects nothing yet: gateways call when they are asked to."""
    platform = wechat.Platform(settings.wechat.api_base_url, session=session)
    account, tokens = _mini_account(settings, platform, redis)
    mini_program = wechat.MiniProgram(account, platform, tokens)
    official_tokens = _official_tokens(settings, platform, redis)
    official_account = _official_account(settings, platform, official_tokens)
    menus = _menus(settings, official_tokens)
    chosen, by_kind = settings.alipay, _templates(settings)
    by_wechat_pay, by_alipay = _wechat_pay(settings, session, redis), _alipay(settings, session)
    return Outside(
        mini_program=mini_program,
        official_account=official_account,
        wechat_pay=by_wechat_pay,
        alipay=by_alipay,
        alipay_app_id="" if chosen is None else chosen.mini_program_app_id or chosen.app_id,
        shipping=wechat.OrderShipping(account, tokens) if _reports_shipping(settings) else None,
        channels=_channels(settings, by_wechat_pay, by_alipay),
        readers=_readers(by_wechat_pay, by_alipay),
        post=_post(
            settings,
            _message_channels(settings, mini_program, official_account, by_kind, session),
            by_kind,
            redis,
        ),
        images=_images(settings.images, session),
        code_senders=_code_senders(settings, session),
        menus=menus,
        languages=_languages(menus, official_tokens),
        scene_codes=None if official_tokens is None else wechat.SceneCodes(official_tokens),
        tracker=_tracker(settings, session),
        identity_provider=_identity_provider(settings, session),
    )


def _images(chosen: config.Images, session: aiohttp.ClientSession) -> images.Store:
    if (bucket := chosen.s3) is None:
        return objects.Directory(chosen.directory)
    by = objects.Credentials(bucket.access_key, bucket.secret_key.get_secret_value(), bucket.region)
    return objects.Bucket(bucket.endpoint, bucket.bucket, by, session=session, is_host=bucket.bucket_in_host)


def _channels(
    settings: config.Config, by_wechat_pay: wechat_pay.WechatPay | None, by_alipay: alipay.Alipay | None
) -> Channels:
    opened: dict[str, OpenChannel] = {}
    if by_wechat_pay is not None and settings.wechat_pay is not None:
        app_id = settings.wechat_pay.app_id or settings.wechat.mini_program.app_id
        official = settings.wechat.official_account
        opened[by_wechat_pay.name] = OpenChannel(
            by_wechat_pay,
            app_id,
            settings.wechat_pay.mch_id,
            official_app_id=None if official is None else official.app_id,
        )
    if by_alipay is not None and settings.alipay is not None:
        opened[by_alipay.name] = OpenChannel(
            by_alipay,
            settings.alipay.app_id,
            settings.alipay.seller_id,
            mini_program_app_id=settings.alipay.mini_program_app_id,
        )
    return Channels(opened, home_origins=_origins(settings))


def _origins(settings: config.Config) -> tuple[str, ...]:
    """Where customers' browsers may be led back to: this server, and the pages that may call it."""
    addresses = (settings.server.public_url, *settings.server.allowed_origins)
    return tuple(f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, addresses))


def _readers(by_wechat_pay: wechat_pay.WechatPay | None, by_alipay: alipay.Alipay | None) -> inbox.Readers:
    readers: dict[str, inbox.Read] = {}
    if by_wechat_pay is not None:
        readers[by_wechat_pay.name] = by_wechat_pay.read_notification
    if by_alipay is not None:
        readers[by_alipay.name] = webhooks.reading_forms(by_alipay)
    return readers


def _post(
    settings: config.Config,
    opened: Sequence[Channel[Any]],
    by_kind: Mapping[str, templates.Template],
    redis: redis.asyncio.Redis | None,
) -> delivery.Post:
    official, chosen = settings.wechat.official_account, settings.messages.policy()
    return delivery.Post(
        settings.wechat.mini_program.app_id,
        {channel.name: channel for channel in opened},
        by_kind,
        official_app_id=None if official is None else official.app_id,
        pace=Pace(redis, chosen.rates_per_s, workers=chosen.workers),
    )


def _message_channels(
    settings: config.Config,
    mini_program: wechat.MiniProgram,
    official_account: wechat.OfficialAccount | None,
    by_kind: Mapping[str, templates.Template],
    session: aiohttp.ClientSession,
) -> list[Channel[Any]]:
    app_id, official = settings.wechat.mini_program.app_id, settings.wechat.official_account
    opened: list[Channel[Any]] = [subscribe.Subscribe(app_id, mini_program, by_kind)]
    if official_account is not None and official is not None:
        opened.append(official_channels.TemplateMessages(official_account, app_id))
        opened.append(official_channels.CustomerService(official_account, official.app_id))
    if (chosen := settings.aliyun_sms) is not None:
        opened.append(ShortMessages(_aliyun(chosen, session), chosen.sign_name))
    if settings.mail is not None:
        from notifications.channels.email import Email

        opened.append(Email(_mailer(settings.mail, settings.shop.name), settings.shop.name))
    return opened


def _code_senders(settings: config.Config, session: aiohttp.ClientSession) -> codes.Senders:
    senders: dict[addresses.Where, codes.Sender] = {}
    chosen = settings.aliyun_sms
    if chosen is not None and chosen.code_template is not None:
        provider = _aliyun(chosen, session)
        senders["sms"] = codes.ByShortMessage(
            provider, chosen.sign_name, chosen.code_template, chosen.code_variable
        )
    if settings.mail is not None:
        from notifications.channels.email import CodesByMail

        senders["email"] = CodesByMail(_mailer(settings.mail, settings.shop.name), settings.shop.name)
    return senders


def _aliyun(chosen: message_config.AliyunSms, session: aiohttp.ClientSession) -> sms.Aliyun:
    secret = chosen.access_key_secret.get_secret_value()
    return sms.Aliyun(sms.Settings(chosen.access_key_id, secret, chosen.base_url), session=session)


def _tracker(settings: config.Config, session: aiohttp.ClientSession) -> logistics.Kuaidi100 | None:
    chosen = settings.kuaidi100
    if chosen is None:
        return None
    given = logistics.Settings(
        chosen.customer,
        chosen.key.get_secret_value(),
        f"{settings.server.public_url}/webhooks/kuaidi100",
        chosen.base_url,
    )
    return logistics.Kuaidi100(given, session=session)


def _identity_provider(
    settings: config.Config, session: aiohttp.ClientSession
) -> single_sign_on.House | None:
    chosen = settings.operators.single_sign_on
    if chosen is None:
        return None
    secret = None if chosen.client_secret is None else chosen.client_secret.get_secret_value()
    known_as = oidc.Settings(chosen.issuer, chosen.client_id, secret, chosen.scopes)
    return single_sign_on.House(oidc.Provider(known_as, session=session), chosen.create_as)


def _mailer(chosen: message_config.Mail, shop_name: str) -> mail.Mailer:
    from gateways import mail

    settings = mail.Settings(
        host=chosen.host,
        port=chosen.port,
        sender=chosen.sender,
        sender_name=chosen.sender_name or shop_name,
        security=chosen.security,
        username=chosen.username,
        password=_text(chosen.password),
    )
    return mail.Mailer(settings)


def _templates(settings: config.Config) -> dict[str, templates.Template]:
    return {
        kind: templates.Template(chosen.template_id, chosen.fields, chosen.page or None, chosen.title)
        for kind, chosen in settings.wechat.message_templates.items()
    }


def _mini_account(
    settings: config.Config, platform: wechat.Platform, redis: redis.asyncio.Redis | None
) -> tuple[wechat.Account, wechat.AccessTokens]:
    chosen = settings.wechat.mini_program
    account = wechat.Account(chosen.app_id, chosen.secret.get_secret_value())
    return account, wechat.AccessTokens(account, platform, redis=redis)


def _reports_shipping(settings: config.Config) -> bool:
    return settings.wechat_pay is not None and settings.wechat.mini_program.report_shipping


def _official_tokens(
    settings: config.Config, platform: wechat.Platform, redis: redis.asyncio.Redis | None
) -> wechat.AccessTokens | None:
    chosen = settings.wechat.official_account
    if chosen is None:
        return None
    account = wechat.Account(chosen.app_id, chosen.secret.get_secret_value())
    return wechat.AccessTokens(account, platform, redis=redis)


def _official_account(
    settings: config.Config, platform: wechat.Platform, tokens: wechat.AccessTokens | None
) -> wechat.OfficialAccount | None:
    chosen = settings.wechat.official_account
    if chosen is None or tokens is None:
        return None
    account = wechat.Account(chosen.app_id, chosen.secret.get_secret_value())
    return wechat.OfficialAccount(account, platform, tokens)


def _menus(settings: config.Config, tokens: wechat.AccessTokens | None) -> chat_menus.Configured:
    chosen, mini_app_id = settings.wechat.official_account, settings.wechat.mini_program.app_id
    if chosen is None or tokens is None:
        return chat_menus.Configured()
    wire = {menu.language: [button.wire(mini_app_id) for button in menu.buttons] for menu in chosen.menus}
    default = wire.pop(None, [])
    by_language: dict[str, Sequence[Mapping[str, Any]]] = {
        str(language): buttons for language, buttons in wire.items()
    }
    return chat_menus.Configured(wechat.Menus(tokens), chosen.app_id, default, by_language, mini_app_id)


def _languages(
    menus: chat_menus.Configured, tokens: wechat.AccessTokens | None
) -> chat_languages.Languages | None:
    if tokens is None:
        return None
    return chat_languages.Languages(
        wechat.Menus(tokens), menus.app_id, tuple(menus.by_language), chat_menus.TAG_PREFIX
    )


def _wechat_pay(
    settings: config.Config, session: aiohttp.ClientSession, redis: redis.asyncio.Redis | None
) -> wechat_pay.WechatPay | None:
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
            h5_return_url=chosen.h5_return_url,
            h5_app_name=settings.shop.name,
            refund_from_available=chosen.refund_from == "available",
            transfer_scene_id=chosen.transfer_scene_id,
            transfer_scene_infos=tuple(chosen.transfer_scene_infos.items()),
        ),
        session=session,
        redis=redis,
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
            alipay_public_key=_text(chosen.alipay_public_key),
            app_certificate_pem=_text(chosen.app_certificate),
            alipay_certificate_pem=_text(chosen.alipay_certificate),
            root_certificate_pem=_text(chosen.alipay_root_certificate),
            mini_program_app_id=chosen.mini_program_app_id,
            notify_url=f"{settings.server.public_url}/webhooks/alipay",
            return_url=chosen.return_url,
            quit_url=chosen.quit_url,
            gateway_url=chosen.gateway_url,
        ),
        session=session,
    )


def _text(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
