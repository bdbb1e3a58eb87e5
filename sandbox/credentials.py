"""What the platforms hand a merchant, and the keys the platforms keep to themselves. Made once, then kept."""

from __future__ import annotations

import datetime
import functools
import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from sandbox import keys
from sandbox.platform import template_library


@dataclass(frozen=True)
class Credentials:
    """Everything a merchant would be given or would have set in the consoles. PEM fields hold the text itself."""

    # WeChat mini-program and official account, bound to one open-platform account
    mini_app_id: str
    mini_app_secret: str
    mini_original_id: str
    mini_token: str
    mini_encoding_aes_key: str
    official_app_id: str
    official_app_secret: str
    official_original_id: str
    official_token: str
    official_encoding_aes_key: str
    # WeChat Pay
    mch_id: str
    api_v3_key: str
    merchant_serial_no: str
    merchant_private_key_pem: str
    merchant_certificate_pem: str
    wechat_pay_public_key_id: str
    wechat_pay_public_key_pem: str
    platform_certificates_pem: dict[str, str] = field(repr=False)
    """Serial number (40 upper-case hex digits) → certificate."""
    # Alipay
    alipay_app_id: str
    alipay_seller_id: str
    alipay_seller_email: str
    alipay_app_private_key_pem: str
    alipay_app_public_key_pem: str
    alipay_public_key_pem: str
    # Templates picked in the consoles: name in sandbox/platform/template_library.py → template id
    subscribe_templates: dict[str, str]
    official_templates: dict[str, str]
    # Alibaba Cloud SMS: an access key, and the signature that was approved
    sms_key_id: str = "LTAI5tSandboxOfNobody"
    sms_secret: str = "sandboxSecretThatOpensNothing"  # noqa: S105 (of this stand-in only)
    sms_sign_name: str = "一盏茶"
    # Kuaidi100: what its console shows
    logistics_customer: str = "0123456789ABCDEF0123456789ABCDEF"
    logistics_key: str = "sandboxKeyNobody"

    @property
    def platform_serial_no(self) -> str:
        return next(iter(self.platform_certificates_pem))


@dataclass(frozen=True)
class BankKeys:
    """Private keys of WeChat Pay and Alipay; a merchant never sees them."""

    wechat_pay: rsa.RSAPrivateKey
    wechat_pay_platform: rsa.RSAPrivateKey
    alipay: rsa.RSAPrivateKey


def load_or_make(state_dir: Path | None) -> tuple[Credentials, BankKeys]:
    """Reads `merchant/` and `bank/` in the state directory, or makes them there on the first start.

    Without a directory the same fresh set serves the whole process (making RSA keys is slow).
    """
    if state_dir is None:
        return _of_this_process()
    merchant_dir, bank_dir = state_dir / "merchant", state_dir / "bank"
    if not (merchant_dir / "credentials.json").exists():
        credentials, bank = _make()
        _write_bank(bank_dir, bank)
        _write_merchant(merchant_dir, credentials)
    text = (merchant_dir / "credentials.json").read_text(encoding="utf-8")
    return Credentials(**json.loads(text)), _read_bank(bank_dir)


@functools.cache
def _of_this_process() -> tuple[Credentials, BankKeys]:
    return _make()


def _make() -> tuple[Credentials, BankKeys]:
    bank = BankKeys(keys.new_private_key(), keys.new_private_key(), keys.new_private_key())
    merchant_key, app_key = keys.new_private_key(), keys.new_private_key()
    mch_id = "16" + keys.random_digits(8)
    merchant_serial_no, merchant_certificate = certificate(merchant_key, mch_id)
    platform_serial_no, platform_certificate = certificate(bank.wechat_pay_platform, "Tenpay.com sign")
    credentials = Credentials(
        mini_app_id="wx" + secrets.token_hex(8),
        mini_app_secret=secrets.token_hex(16),
        mini_original_id="gh_" + secrets.token_hex(6),
        mini_token=keys.random_text(16),
        mini_encoding_aes_key=_encoding_aes_key(),
        official_app_id="wx" + secrets.token_hex(8),
        official_app_secret=secrets.token_hex(16),
        official_original_id="gh_" + secrets.token_hex(6),
        official_token=keys.random_text(16),
        official_encoding_aes_key=_encoding_aes_key(),
        mch_id=mch_id,
        api_v3_key=keys.random_text(32),
        merchant_serial_no=merchant_serial_no,
        merchant_private_key_pem=keys.private_pem(merchant_key),
        merchant_certificate_pem=merchant_certificate,
        wechat_pay_public_key_id=f"PUB_KEY_ID_0{mch_id}2026010100{keys.random_digits(10)}",
        wechat_pay_public_key_pem=keys.public_pem(bank.wechat_pay.public_key()),
        platform_certificates_pem={platform_serial_no: platform_certificate},
        alipay_app_id="2021" + keys.random_digits(12),
        alipay_seller_id="2088" + keys.random_digits(12),
        alipay_seller_email="shop@example.com",
        alipay_app_private_key_pem=keys.private_pem(app_key),
        alipay_app_public_key_pem=keys.public_pem(app_key.public_key()),
        alipay_public_key_pem=keys.public_pem(bank.alipay.public_key()),
        subscribe_templates={name: _template_id() for name in template_library.SUBSCRIBE},
        official_templates={name: _template_id() for name in template_library.OFFICIAL},
    )
    return credentials, bank


def _encoding_aes_key() -> str:
    """43 characters that are the base64 of 32 bytes without the final `=`; the 43rd holds only four bits."""
    return keys.random_text(42) + secrets.choice("AEIMQUYcgkosw048")


def _template_id() -> str:
    return keys.random_text(43, keys.LETTERS_AND_DIGITS + "_-")


def certificate(key: rsa.RSAPrivateKey, common_name: str) -> tuple[str, str]:
    """Serial number (40 upper-case hex digits) and PEM of a certificate for this key."""
    # The serial must print as 40 hex digits, so its first digit may not be 0.
    number = int.from_bytes(bytes([0x10 + secrets.randbelow(0x60)]) + secrets.token_bytes(19), "big")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sandbox of Tenpay.com Root CA")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(number)
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=5 * 365))
        .sign(key, hashes.SHA256())
    )
    return f"{number:040X}", made.public_bytes(serialization.Encoding.PEM).decode()


def _write_merchant(folder: Path, credentials: Credentials) -> None:
    files = {
        "apiclient_key.pem": credentials.merchant_private_key_pem,
        "apiclient_cert.pem": credentials.merchant_certificate_pem,
        "wxp_pub.pem": credentials.wechat_pay_public_key_pem,
        "alipay_app_private_key.pem": credentials.alipay_app_private_key_pem,
        "alipay_app_public_key.pem": credentials.alipay_app_public_key_pem,
        "alipay_public_key.pem": credentials.alipay_public_key_pem,
    }
    files |= {f"wechatpay_{serial}.pem": pem for serial, pem in credentials.platform_certificates_pem.items()}
    for name, text in files.items():
        _write_secret(folder / name, text)
    # Last, because its presence says that the set is complete.
    _write_secret(folder / "credentials.json", json.dumps(asdict(credentials), indent=2))


def _write_bank(folder: Path, bank: BankKeys) -> None:
    _write_secret(folder / "wechat_pay.pem", keys.private_pem(bank.wechat_pay))
    _write_secret(folder / "wechat_pay_platform.pem", keys.private_pem(bank.wechat_pay_platform))
    _write_secret(folder / "alipay.pem", keys.private_pem(bank.alipay))


def _read_bank(folder: Path) -> BankKeys:
    def read(name: str) -> rsa.RSAPrivateKey:
        return keys.load_private((folder / name).read_text())

    return BankKeys(read("wechat_pay.pem"), read("wechat_pay_platform.pem"), read("alipay.pem"))


def _write_secret(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
