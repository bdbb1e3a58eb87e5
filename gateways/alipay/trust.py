"""What Alipay's signatures are verified with: one public key, or certificates by their number."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from gateways import keys
from gateways.alipay import certificates
from gateways.alipay.settings import Settings


class Keyring:
    """In certificate mode `app_number` and `root_number` go with every request, and `alipay_cert_sn` of an answer names the
    certificate it is signed with. Alipay changes its certificate without a word; `add` takes the new one."""

    def __init__(self, settings: Settings) -> None:
        self.app_number: str | None = None
        self.root_number: str | None = None
        self._public_key: rsa.RSAPublicKey | None = None
        self._by_number: dict[str, rsa.RSAPublicKey] = {}
        if settings.alipay_public_key is not None:
            self._public_key = keys.public_key(settings.alipay_public_key)
            return
        assert settings.app_certificate_pem is not None  # the settings have checked it
        assert settings.alipay_certificate_pem is not None
        assert settings.root_certificate_pem is not None
        app = certificates.read(settings.app_certificate_pem)[0]
        own = keys.private_key(settings.private_key).public_key()
        if certificates.rsa_key(app).public_numbers() != own.public_numbers():
            raise ValueError("the app's certificate is not that of its private key")
        self._roots = certificates.read(settings.root_certificate_pem)
        self._subject: x509.Name | None = None
        first = certificates.read(settings.alipay_certificate_pem)[0]
        self._subject = first.subject
        self._by_number[certificates.number(first)] = certificates.rsa_key(first)
        self.app_number = certificates.number(app)
        self.root_number = certificates.root_number(self._roots)

    @property
    def uses_certificates(self) -> bool:
        return self._public_key is None

    def key(self, certificate_number: str | None) -> rsa.RSAPublicKey | None:
        """The key of an answer that names this number, or none; None where it is not known."""
        if self._public_key is not None:
            return self._public_key
        return None if certificate_number is None else self._by_number.get(certificate_number)

    def all(self) -> Iterable[rsa.RSAPublicKey]:
        """Every key; notifications do not say which one they are signed with. The newest first."""
        return (
            (self._public_key,) if self._public_key is not None else tuple(reversed(self._by_number.values()))
        )

    def add(self, pem: str, wanted_number: str, now: datetime) -> None:
        """Takes a newer certificate of Alipay's, as downloaded: with its issuers.

        It must bear the number that was asked for, lead to the merchant's own copy of Alipay's root, and name the same
        owner as the certificate the merchant was given: other merchants' certificates lead to that root as well.

        Raises:
            ValueError: it does not.
        """
        chain = certificates.read(pem)
        if certificates.number(chain[0]) != wanted_number:
            raise ValueError("another certificate")
        if chain[0].subject != self._subject:
            raise ValueError("another owner's certificate")
        if not certificates.leads_to_root(chain, self._roots, now):
            raise ValueError("the certificate does not lead to Alipay's root")
        self._by_number[wanted_number] = certificates.rsa_key(chain[0])
