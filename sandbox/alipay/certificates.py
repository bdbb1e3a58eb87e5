"""Certificate mode: the chain Alipay hands a merchant, the numbers it is named by, and Alipay's next certificate.

Facts: opendocs.alipay.com, "公钥证书签名", and AntCertificationUtil of alipay-sdk-java: a number is the MD5 of the issuer's name (RFC 2253
order) and the serial number in decimal; a root file's is those of its RSA-signed certificates joined by `_`.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

from sandbox import keys
from sandbox.world import World

YEAR = datetime.timedelta(days=365)
RSA_SIGNED = (SignatureAlgorithmOID.RSA_WITH_SHA256, SignatureAlgorithmOID.RSA_WITH_SHA1)


@dataclass
class Kept:
    """What is written down: the merchant's files and the keys behind them. `alipay` holds (key, chain), the newest last."""

    root_pem: str
    app_pem: str
    issuer_key_pem: str = field(repr=False)
    issuer_pem: str = ""
    alipay: list[tuple[str, str]] = field(default_factory=list, repr=False)


class Certificates:
    """Made when first needed, kept with the other keys."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: Kept | None = None
        if world.settings.state_dir is not None:
            self._write_for_merchant(world.settings.state_dir / "merchant")

    @property
    def root_pem(self) -> str:
        """alipayRootCert.crt: three self-signed certificates, of which one is not signed with RSA."""
        return self._all().root_pem

    @property
    def app_pem(self) -> str:
        """appCertPublicKey_<app id>.crt"""
        return self._all().app_pem

    @property
    def alipay_pem(self) -> str:
        """alipayCertPublicKey_RSA2.crt as the merchant downloaded it: the certificate and its issuer."""
        return self._all().alipay[0][1]

    @property
    def signing_key(self) -> rsa.RSAPrivateKey:
        """What Alipay signs with today, to merchants in certificate mode."""
        return keys.load_private(self._all().alipay[-1][0])

    @property
    def alipay_sn(self) -> str:
        return number(self._all().alipay[-1][1])

    @property
    def app_sn(self) -> str:
        return number(self.app_pem)

    @property
    def root_sn(self) -> str:
        return root_number(self.root_pem)

    def download(self, alipay_cert_sn: str) -> str | None:
        """The certificate of that number with its issuer, if it is one of Alipay's."""
        return next((pem for _, pem in self._all().alipay if number(pem) == alipay_cert_sn), None)

    def rotate(self) -> None:
        """From now on Alipay signs with another key; its certificate has the same issuer."""
        kept = self._all()
        key, issuer_key = keys.new_private_key(), keys.load_private(kept.issuer_key_pem)
        issuer = x509.load_pem_x509_certificate(kept.issuer_pem.encode())
        leaf = _certificate(_alipay_name(), key.public_key(), issuer.subject, issuer_key)
        kept.alipay.append((keys.private_pem(key), _pem(leaf) + kept.issuer_pem))
        self._save()

    def _all(self) -> Kept:
        if self._kept is None:
            path = self._path()
            if path is not None and path.exists():
                self._kept = Kept(**json.loads(path.read_text()))
            else:
                credentials = self._world.credentials
                self._kept = _made(
                    credentials.alipay_app_public_key_pem,
                    credentials.alipay_seller_id,
                    keys.private_pem(self._world.bank.alipay),
                )
                self._kept = Kept(**asdict(self._kept))
                self._save()
        return self._kept

    def _path(self) -> Path | None:
        folder = self._world.settings.state_dir
        return None if folder is None else folder / "bank" / "alipay_certificates.json"

    def _save(self) -> None:
        path = self._path()
        if path is not None and self._kept is not None:
            path.touch(mode=0o600)
            path.write_text(json.dumps(asdict(self._kept)))

    def _write_for_merchant(self, folder: Path) -> None:
        names = {
            "alipayRootCert.crt": self.root_pem,
            "alipayCertPublicKey_RSA2.crt": self.alipay_pem,
            f"appCertPublicKey_{self._world.credentials.alipay_app_id}.crt": self.app_pem,
        }
        for name, text in names.items():
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(text)


def number(pem: str) -> str:
    """The number of a file's first certificate."""
    return _number(x509.load_pem_x509_certificate(pem.encode()))


def root_number(pem: str) -> str:
    """The number of a root file."""
    found = x509.load_pem_x509_certificates(pem.encode())
    return "_".join(_number(one) for one in found if one.signature_algorithm_oid in RSA_SIGNED)


def _number(certificate: x509.Certificate) -> str:
    text = f"{certificate.issuer.rfc4514_string()}{certificate.serial_number}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@functools.cache
def _made(app_public_key_pem: str, seller_id: str, alipay_key_pem: str) -> Kept:
    """A root with three certificates, one issuer below it, and the two certificates that issuer gave. Cached: keys are slow to make."""
    root_key, issuer_key, other_key = (
        keys.new_private_key(), keys.new_private_key(), ec.generate_private_key(ec.SECP256R1()),
    )  # fmt: skip
    root_name = _name("Ant Financial Certification Authority R1", "Certification Authority", "Ant Financial")
    ec_name = _name("Ant Financial Certification Authority E1", "Certification Authority", "Ant Financial")
    issuer_name = _name(
        "Ant Financial Certification Authority Class 2 R1", "Certification Authority", "Ant Financial"
    )
    root = _certificate(root_name, root_key.public_key(), root_name, root_key)
    again = _certificate(root_name, root_key.public_key(), root_name, root_key)
    other = _certificate(ec_name, other_key.public_key(), ec_name, other_key)
    issuer = _pem(_certificate(issuer_name, issuer_key.public_key(), root_name, root_key))
    alipay_key, app_key = (
        keys.load_private(alipay_key_pem),
        serialization.load_pem_public_key(app_public_key_pem.encode()),
    )
    assert isinstance(app_key, rsa.RSAPublicKey)
    app = _certificate(_name(f"{seller_id}-app", "Alipay", "一盏茶体验店"), app_key, issuer_name, issuer_key)
    alipay = _certificate(_alipay_name(), alipay_key.public_key(), issuer_name, issuer_key)
    # Real root files have an empty line between certificates, and SDKs rely on it.
    return Kept(
        root_pem="\n".join(_pem(one) for one in (other, root, again)),
        app_pem=_pem(app) + issuer,
        issuer_key_pem=keys.private_pem(issuer_key),
        issuer_pem=issuer,
        alipay=[(alipay_key_pem, _pem(alipay) + issuer)],
    )


def _alipay_name() -> x509.Name:
    return _name("支付宝(中国)网络技术有限公司-2088000000000000", "Alipay", "支付宝(中国)网络技术有限公司")


def _name(common: str, unit: str, organization: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _certificate(
    subject: x509.Name,
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    signer: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    today = datetime.datetime.now(datetime.UTC)
    is_authority = "Authority" in subject.rfc4514_string().split(",")[0]
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + 5 * YEAR)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .sign(signer, hashes.SHA256())
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
