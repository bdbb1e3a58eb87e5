"""How a sandbox is set up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class Settings:
    """Ports of 0 are chosen by the system and read back from the running Sandbox.

    `state_dir` None keeps everything in memory (tests). `time_scale` multiplies every waiting time of the
    real services (notification retries, refunds); the time-out for the merchant's answers is not scaled.
    `shop_api_url` is the origin of the shop's own JSON API, which the mini-program on the phone page calls.
    `alipay_fee_bp` is what Alipay keeps of a payment, in hundredths of a per cent (60 = 0.6 %).
    `official_menu` is the menu set up in the console; one created through the API comes before it.
    """

    state_dir: Path | None = None
    host: str = "127.0.0.1"
    platform_port: int = 0
    wechat_pay_port: int = 0
    alipay_port: int = 0
    sms_port: int = 0
    logistics_port: int = 0
    time_scale: float = 1.0
    wechat_pay_mode: Literal["public-key", "certificate", "switching"] = "public-key"
    message_mode: Literal["safe", "plain"] = "safe"
    official_push_url: str | None = None
    mini_push_url: str | None = None
    sms_report_url: str | None = None
    answer_timeout_s: float = 5.0
    refund_delay_s: float = 60.0
    merchant_name: str = "一盏茶体验店"
    shop_api_url: str | None = None
    unionid_bound: bool = True
    trade_managed: bool = True
    alipay_fee_bp: int = 60
    wechat_pay_fee_bp: int = 60
    official_menu: dict[str, Any] | None = None
