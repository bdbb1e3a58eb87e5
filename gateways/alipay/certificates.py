"""Certificates of certificate mode: the numbers they go by, and whether one is really Alipay's.

A number is the MD5 of the issuer's name in RFC 2253 order and the serial number in decimal; a root file's number is those of its
RSA-signed certificates joined by `_` (AntCertificationUtil of alipay-sdk-java).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----")
_RSA_SIGNATURES: Final = "1.2.840.113549.1.1."
_LONGEST_CHAIN = 5


def read(pem: str) -> list[x509.Certificate]:
    """The readable certificates of a file, the first of which has to be.

    Alipay's root file holds one that is not valid X.509 by the letter (its signature algorithm has a parameter too many);
    it is not RSA's and counts for nothing.

    Raises:
        ValueError: not a certificate file.
    """
    found = [_read_one(block) for block in _BLOCK.findall(pem)]
    if not found or found[0] is None:
        raise ValueError("not a readable certificate file")
    return [one for one in found if one is not None]


def number(certificate: x509.Certificate) -> str:
    """By what `app_cert_sn` and `alipay_cert_sn` name a certificate."""
    text = f"{certificate.issuer.rfc4514_string()}{certificate.serial_number}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def root_number(roots: Sequence[x509.Certificate]) -> str:
    """What `alipay_root_cert_sn` names; certificates signed with SM2 do not count.

    Raises:
        ValueError: none is signed with RSA.
    """
    found = [number(one) for one in roots if _is_rsa_signed(one)]
    if not found:
        raise ValueError("no root certificate is signed with RSA")
    return "_".join(found)


def rsa_key(certificate: x509.Certificate) -> rsa.RSAPublicKey:
    """The key a certificate stands for.

    Raises:
        ValueError: not an RSA key.
    """
    try:
        key = certificate.public_key()
    except Exception:  # what an exotic key raises depends on how it is exotic
        raise ValueError("not an RSA certificate") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("not an RSA certificate")
    return key


def leads_to_root(
    chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], now: datetime
) -> bool:
    """Whether the first of `chain` is signed by authorities of `chain`, one after the other, up to one of `roots`."""
    current = chain[0]
    authorities = [one for one in (*roots, *chain[1:]) if _is_authority(one)]
    for _ in range(_LONGEST_CHAIN):
        if not current.not_valid_before_utc <= now <= current.not_valid_after_utc:
            return False
        issuer = next((one for one in authorities if _issued(one, current)), None)
        if issuer is None:
            return False
        if issuer in roots:
            return issuer.not_valid_before_utc <= now <= issuer.not_valid_after_utc
        current = issuer
    return False


def _read_one(block: str) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(block.encode())
    except ValueError:
        return None


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    if not _is_rsa_signed(certificate):
        return False
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _is_rsa_signed(certificate: x509.Certificate) -> bool:
    return certificate.signature_algorithm_oid.dotted_string.startswith(_RSA_SIGNATURES)
