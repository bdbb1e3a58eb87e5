"""What a merchant is given by WeChat Pay, and where to call."""

from __future__ import annotations

from dataclasses import dataclass, field

_API_V3_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Settings:
    """One merchant at WeChat Pay.

    `serial_no` is that of the merchant's API certificate, `private_key_pem` its key, `api_v3_key` the 32 characters
    set by the merchant. Answers are trusted by the WeChat Pay public key (`public_key_id`, `public_key_pem`; given by
    hand), by platform certificates (downloaded; `platform_certificates_pem` are known beforehand), or by both during
    a migration. Without a public key the gateway works in certificate mode.

    `h5_return_url` is where a phone's browser goes after paying (never a proof of payment), `h5_app_name` the name of the
    site as shown to WeChat Pay. Refunds are taken from what is not settled yet, unless `refund_from_available`. `transfer_scene_id` is the scene of transfers to customers the merchant was granted (without one there are no transfers),
    `transfer_scene_infos` the pairs of info_type and info_content that this scene has to report.
    """

    mch_id: str
    app_id: str
    serial_no: str
    private_key_pem: str = field(repr=False)
    api_v3_key: str = field(repr=False)
    notify_url: str
    public_key_id: str | None = None
    public_key_pem: str | None = field(default=None, repr=False)
    platform_certificates_pem: tuple[str, ...] = field(default=(), repr=False)
    base_urls: tuple[str, ...] = ("https://api.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com")
    total_timeout_s: float = 10.0
    connect_timeout_s: float = 4.0
    refund_from_available: bool = False
    h5_return_url: str | None = None
    h5_app_name: str | None = None
    transfer_scene_id: str | None = None
    transfer_scene_infos: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if len(self.api_v3_key.encode()) != _API_V3_KEY_BYTES:
            raise ValueError("api_v3_key must be 32 bytes")
        if (self.public_key_id is None) != (self.public_key_pem is None):
            raise ValueError("public_key_id and public_key_pem belong together")
        if self.public_key_id is not None and not self.public_key_id.startswith("PUB_KEY_ID_"):
            raise ValueError("public_key_id must start with PUB_KEY_ID_")
