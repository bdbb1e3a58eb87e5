"""What a merchant is given by Alipay, and where to call."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Settings:
    """One app of one seller at Alipay, in public-key mode.

    `seller_id` is the merchant's 2088… number. Keys are PEM or the bare base64 of Alipay's key tool. `quit_url` is
    where the phone cashier's "back" leads, `return_url` where it leads after paying (never a proof of payment).
    """

    app_id: str
    seller_id: str
    private_key: str = field(repr=False)
    alipay_public_key: str = field(repr=False)
    notify_url: str
    return_url: str | None = None
    quit_url: str | None = None
    gateway_url: str = "https://openapi.alipay.com/gateway.do"
    total_timeout_s: float = 10.0
    connect_timeout_s: float = 4.0
