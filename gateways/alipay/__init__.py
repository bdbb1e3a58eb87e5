"""Alipay, gateway v1 with RSA2 (opendocs.alipay.com)."""

from __future__ import annotations

from gateways.alipay.client import Alipay
from gateways.alipay.settings import Settings

__all__ = ["Alipay", "Settings"]
