"""The settings: one TOML file becomes one checked value. config.example.toml explains every key."""

import contextlib
import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import pydantic
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints
from pydantic.fields import FieldInfo

from app.config_values import Address, Key256, Seconds, Secret, Section, Word, secret, zone
from app.message_config import AliyunSms, Mail, Messages, People
from app.operator_config import Operators
from app.wechat_config import WeChat, WeChatPay
from billing import term_bounds, terms
from core import sealed

ENVIRONMENT = "YUCUN_CONFIG"
DEFAULT_PATH = Path("config.toml")


class ConfigInvalid(Exception):
    """The settings cannot be used; the message names every wrong key, in Chinese and English."""


class Shop(Section):
    name: Word
    timezone: Annotated[str, AfterValidator(zone)] = "Asia/Shanghai"
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "CNY"
    locale: Literal["zh-CN", "en"] = "zh-CN"


class Server(Section):
    host: Word = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    workers: Annotated[int, Field(ge=1, le=256)] = 2
    public_url: Address
    allowed_origins: tuple[Address, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    shutdown_grace_s: Seconds = 20


class Database(Section):
    url: Secret
    pool_min: Annotated[int, Field(ge=0, le=1000)] = 2
    pool_max: Annotated[int, Field(ge=1, le=1000)] = 10
    frozen_after_s: Annotated[float, Field(ge=1, le=86400)] = 60

    @pydantic.model_validator(mode="after")
    def _ordered(self) -> "Database":
        if self.pool_min > self.pool_max:
            raise ValueError("pool_min 不能大于 pool_max · pool_min is above pool_max")
        return self


class S3(Section):
    endpoint: Address
    region: Word = "us-east-1"
    bucket: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    access_key: Word
    secret_key: Secret
    bucket_in_host: bool = False


class Images(Section):
    directory: Path = Path("var/images")
    s3: S3 | None = None


class Redis(Section):
    url: Secret | None = None


class Clock(Section):
    follow_url: Address | None = None


class TokenKey(Section):
    kid: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    secret: Annotated[SecretStr, BeforeValidator(secret), Field(min_length=32)]


class Tokens(Section):
    customer_keys: Annotated[tuple[TokenKey, ...], Field(min_length=1)]
    customer_ttl_s: Seconds = 30 * 86400


class SealKey(Section):
    kid: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    secret: Key256


class Sealing(Section):
    keys: Annotated[tuple[SealKey, ...], Field(min_length=1)]
    search_key: Key256

    @pydantic.model_validator(mode="after")
    def _different(self) -> "Sealing":
        if len({key.kid for key in self.keys}) < len(self.keys):
            raise ValueError("两个密钥同名 · two keys have the same kid")
        if len({key.get_secret_value() for key in self._all()}) <= len(self.keys):
            raise ValueError("两处是同一个密钥 · the same key stands in two places")
        return self

    def _all(self) -> tuple[SecretStr, ...]:
        return (self.search_key, *(key.secret for key in self.keys))

    def ring(self) -> sealed.Keyring:
        """As the house takes them."""
        search, *keys = (bytes.fromhex(key.get_secret_value()) for key in self._all())
        named = zip((key.kid for key in self.keys), keys, strict=True)
        return sealed.Keyring([sealed.Key(*one) for one in named], search)


class Chat(Section):
    guesser: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")] | None = None


class Alipay(Section):
    app_id: Word
    seller_id: Annotated[str, StringConstraints(pattern=r"^2088[0-9]{12}$")]
    app_private_key: Secret
    alipay_public_key: Secret | None = None
    app_certificate: Secret | None = None
    alipay_certificate: Secret | None = None
    alipay_root_certificate: Secret | None = None
    gateway_url: Address = "https://openapi.alipay.com/gateway.do"
    return_url: Address | None = None
    quit_url: Address | None = None
    mini_program_app_id: Word | None = None

    @pydantic.model_validator(mode="after")
    def _one_mode(self) -> "Alipay":
        three = (self.app_certificate, self.alipay_certificate, self.alipay_root_certificate)
        if any(three) and not all(three):
            raise ValueError(
                "app_certificate、alipay_certificate、alipay_root_certificate 要一起写 · go together"
            )
        if any(three) == (self.alipay_public_key is not None):
            raise ValueError(
                "要么写 alipay_public_key，要么写三个证书 · either alipay_public_key or the three certificates"
            )
        return self


class Kuaidi100(Section):
    customer: Word
    key: Secret
    base_url: Address = "https://poll.kuaidi100.com"


Fen = term_bounds.Fen


class Money(Section):
    burn_policy: terms.BurnPolicy = "bonus_first"
    named_cap_fen: Fen = 500_000
    unnamed_cap_fen: Fen = 100_000
    top_up_min_fen: Fen = 1
    top_up_max_fen: Fen = 500_000
    matching_order: terms.MatchingOrder = "oldest_due"
    claw_back: terms.ClawBack = "pro_rata"
    refund_right_days: Annotated[int, Field(ge=0, le=3650)] = 7
    approval_above_fen: Fen = 50_000
    counter_approval_above_fen: Fen = 200_000
    approval_window_hours: Annotated[int, Field(ge=0, le=744)] = 24
    broadcast_approval_above: Annotated[int, Field(ge=0, le=100_000_000)] = 500
    credit_ceiling_fen: Fen = 200_000
    channel_payment_minutes: Annotated[int, Field(ge=5, le=120)] = 15
    customer_transfers: bool = False
    day_cut_minutes: Annotated[int, Field(ge=0, le=1440)] = 120
    carry_days: Annotated[int, Field(ge=0, le=30)] = 2
    bill_patience_days: Annotated[int, Field(ge=1, le=60)] = 3
    bonus_reminder_days: term_bounds.NoticeDays = 0
    birthday_messages: bool = False
    missed_after_days: term_bounds.MissedDays = 0
    plan_days_ahead: Annotated[int, Field(ge=1, le=400)] = 35
    plan_price_notice_days: term_bounds.NoticeDays = 30
    customers_change_plans: bool = True
    bill_rows_most: Annotated[int, Field(ge=1, le=20_000_000)] = 5_000_000
    bill_bytes_most: Annotated[int, Field(ge=1024, le=16 * 1024**3)] = 4 * 1024**3
    due_run_parked_most: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    dunning_retry_days: term_bounds.RetryDays = (1, 3, 7)
    dunning_partial: bool = False
    dunning_grace_days: term_bounds.GraceDays = 7
    dunning_suspends: bool = False
    due_soon_days: term_bounds.DueSoonDays = 3
    overdue_days: term_bounds.OverdueDays = 1
    orders_need_review: bool = False
    unpaid_orders_most: term_bounds.UnpaidOrders = 20
    order_instalment_parts: Annotated[
        tuple[Annotated[int, Field(ge=2, le=36)], ...], Field(max_length=10)
    ] = ()
    order_down_payment_percent: term_bounds.DownPaymentPercent = 30
    order_instalments_from_fen: Annotated[int, Field(ge=1, le=100_000_000_00)] = 100_000
    complete_after_days: term_bounds.CompleteDays = 10
    included_tax_percent: term_bounds.TaxPercent = 0
    after_sales_days: term_bounds.AfterSalesDays = 15
    standing_hours_ahead: term_bounds.HoursAhead = 12
    standing_consent_version: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,20}$")] = (
        terms.Terms().standing_consent_version
    )
    standing_consent_text: Annotated[str, Field(min_length=1, max_length=4000)] = (
        terms.Terms().standing_consent_text
    )

    def terms(self) -> terms.Terms:
        """As the desk takes them."""
        return terms.Terms(**self.model_dump())


class Jobs(Section):
    due_run_s: Seconds = 60
    outbox_s: Seconds = 5
    chat_s: Seconds = 2
    payment_poll_s: Seconds = 15
    expiry_s: Seconds = 60
    look_up_s: Seconds = 5
    proof_s: Seconds = 3600
    seal_s: Seconds = 600
    reconciliation_s: Seconds = 300
    alert_failures: Annotated[int, Field(ge=1, le=1000)] = 3
    alert_late_s: Seconds = 900


class Limits(Section):
    body_bytes: Annotated[int, Field(ge=1024, le=64 * 1024 * 1024)] = 256 * 1024
    request_timeout_s: Seconds = 15
    requests_per_minute_per_address: Annotated[int, Field(ge=1)] = 1200
    requests_per_minute_per_caller: Annotated[int, Field(ge=1)] = 240


class Logging(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "json"


class Config(Section):
    """Everything an installation can choose."""

    shop: Shop
    server: Server
    database: Database
    redis: Redis = Redis()
    clock: Clock = Clock()
    tokens: Tokens
    sealing: Sealing
    operators: Operators = Operators()
    wechat: WeChat
    wechat_pay: WeChatPay | None = None
    alipay: Alipay | None = None
    images: Images = Images()
    money: Money = Money()
    messages: Messages = Messages()
    people: People = People()
    chat: Chat = Chat()
    aliyun_sms: AliyunSms | None = None
    kuaidi100: Kuaidi100 | None = None
    mail: Mail | None = None
    jobs: Jobs = Jobs()
    limits: Limits = Limits()
    logging: Logging = Logging()


def path_from(option: str | None) -> Path:
    """Where the settings are: ``--config``, else ``YUCUN_CONFIG``, else ``config.toml`` here."""
    return Path(option or os.environ.get(ENVIRONMENT) or DEFAULT_PATH)


def load(path: Path) -> Config:
    """Reads and checks the settings. ``YUCUN_DATABASE_URL`` and ``YUCUN_REDIS_URL`` come before what the file says.

    Raises:
        ConfigInvalid: No such file, not TOML, or wrong keys.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigInvalid(
            f"读不到配置文件 · cannot read the settings {path}: {error.strerror}. "
            "从 config.example.toml 复制一份 · start from a copy of config.example.toml."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"{path} 不是合法的 TOML · is not TOML: {error}") from None
    for section, variable in (("database", "YUCUN_DATABASE_URL"), ("redis", "YUCUN_REDIS_URL")):
        if url := os.environ.get(variable):
            with contextlib.suppress(
                TypeError, AttributeError
            ):  # a section of another shape is reported below
                raw.setdefault(section, {})["url"] = url
    try:
        return Config.model_validate(raw, context={"base": path.resolve().parent})
    except pydantic.ValidationError as error:
        raise ConfigInvalid("\n".join([f"{path}:", *_faults(error)])) from None


def _faults(error: pydantic.ValidationError) -> Iterator[str]:
    for fault in error.errors(include_url=False, include_input=False):
        key = ".".join(str(part) for part in fault["loc"])
        match fault["type"]:
            case "missing":
                said = "缺少 · is missing"
            case "extra_forbidden":
                near = difflib.get_close_matches(str(fault["loc"][-1]), _siblings(fault["loc"][:-1]), n=1)
                hint = f"，是否为 {near[0]}？ · did you mean {near[0]}?" if near else ""
                said = f"不认识的键 · unknown key{hint}"
            case "value_error":
                said = str(fault["ctx"]["error"])
            case _:
                said = f"值不对 · {fault['msg']}"
        yield f"  {key or '(whole file)'}: {said}"


def _siblings(place: tuple[int | str, ...]) -> list[str]:
    model: type[pydantic.BaseModel] = Config
    for part in place:
        fields: Mapping[str, FieldInfo] = model.model_fields
        if str(part) not in fields:
            continue  # an index of a list, a name in a table
        found = _model_in(fields[str(part)].annotation)
        if found is None:
            return []
        model = found
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[pydantic.BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        return annotation
    for inner in get_args(annotation):
        if (found := _model_in(inner)) is not None:
            return found
    return None
