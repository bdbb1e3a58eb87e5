"""WeChat Pay, API v3 (pay.weixin.qq.com/doc/v3/merchant)."""

from __future__ import annotations

from gateways.channel import BankCard
from gateways.wechat_pay.client import WechatPay
from gateways.wechat_pay.settings import Settings

__all__ = ["BankCard", "Settings", "WechatPay"]
