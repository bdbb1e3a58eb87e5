"""What a merchant is given by Alipay, and where to call."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Settings:
    """One app of one seller at Alipay, in key mode or in certificate mode.

    `seller_id` is the merchant's 2088… number. Keys are PEM or the bare base64 of Alipay's key tool. Key mode:
    `alipay_public_key`. Certificate mode: the texts of the three downloaded files, `app_certificate_pem`
    (appCertPublicKey_….crt), `alipay_certificate_pem` (alipayCertPublicKey_RSA2.crt), `root_certificate_pem`
    (alipayRootCert.crt). `quit_url` is where the phone cashier's "back" leads, `return_url` where it leads after paying
    (never a proof of payment). `mini_program_app_id` is the mini-program that calls my.tradePay, where it is another
    than this app.
    """

    app_id: str
    seller_id: str
    private_key: str = field(repr=False)
    notify_url: str
    alipay_public_key: str | None = field(default=None, repr=False)
    app_certificate_pem: str | None = field(default=None, repr=False)
    alipay_certificate_pem: str | None = field(default=None, repr=False)
    root_certificate_pem: str | None = field(default=None, repr=False)
    return_url: str | None = None
    quit_url: str | None = None
    mini_program_app_id: str | None = None
    gateway_url: str = "https://openapi.alipay.com/gateway.do"
    total_timeout_s: float = 10.0
    connect_timeout_s: float = 4.0

    def __post_init__(self) -> None:
        three = (self.app_certificate_pem, self.alipay_certificate_pem, self.root_certificate_pem)
        if any(three) and not all(three):
            raise ValueError("the three certificate files belong together")
        if any(three) == (self.alipay_public_key is not None):
            raise ValueError("either Alipay's public key or the three certificate files")
