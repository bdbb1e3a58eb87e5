"""Short messages: what any provider can be asked, and Alibaba Cloud's service."""

from __future__ import annotations

from gateways.sms.aliyun import Aliyun, Settings
from gateways.sms.provider import Found, Provider, Shortage, SmsError, SmsRefused, SmsUnknown, Text
from gateways.sms.reports import NotReports, Report

__all__ = [
    "Aliyun",
    "Found",
    "NotReports",
    "Provider",
    "Report",
    "Settings",
    "Shortage",
    "SmsError",
    "SmsRefused",
    "SmsUnknown",
    "Text",
]
