"""RSA keys as the platforms hand them out: PEM, or the bare base64 of its middle."""

from __future__ import annotations

import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def private_key(given: str) -> rsa.RSAPrivateKey:
    """The RSA private key in `given`: PEM (PKCS#8 or PKCS#1), or bare base64 as Alipay's key tool writes it.

    Raises:
        ValueError: not an RSA private key. The message never quotes it.
    """
    try:
        if "-----BEGIN" in given:
            key = serialization.load_pem_private_key(given.strip().encode(), password=None)
        else:
            key = serialization.load_der_private_key(base64.b64decode(given), password=None)
    except (ValueError, TypeError):
        raise ValueError("not a readable RSA private key") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA private key")
    return key


def public_key(given: str) -> rsa.RSAPublicKey:
    """The RSA public key in `given`: PEM or bare base64.

    Raises:
        ValueError: not an RSA public key.
    """
    try:
        if "-----BEGIN" in given:
            key = serialization.load_pem_public_key(given.strip().encode())
        else:
            key = serialization.load_der_public_key(base64.b64decode(given))
    except (ValueError, TypeError):
        raise ValueError("not a readable RSA public key") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("not an RSA public key")
    return key


def sign(key: rsa.RSAPrivateKey, message: bytes) -> str:
    """Base64 of the RSASSA-PKCS1-v1_5 SHA-256 signature; what both channels call RSA2 or SHA256-RSA2048."""
    return base64.b64encode(key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def verified(key: rsa.RSAPublicKey, message: bytes, signature: str) -> bool:
    """Whether base64 `signature` is that of `message`. Any text is tolerated as a signature; most are wrong."""
    try:
        key.verify(base64.b64decode(signature, validate=True), message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
