"""A software authenticator: makes passkeys and signs with them, as a browser and a device do together (Web Authentication Level 3, section 6)."""

import base64
import hashlib
import json
import secrets

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """A device in somebody's hand. ``verifies``: it asks for a fingerprint; ``counts``: it counts what it has signed."""

    def __init__(self, origin, *, verifies=True, counts=True):
        self.origin, self.verifies, self.counts = origin, verifies, counts
        self.keys = {}
        self.count = 0

    def create(self, options, **bent):
        """What the browser answers to ``navigator.credentials.create``."""
        asked = json.loads(options)
        rp_id = asked["rp"]["id"]
        if any(raw(one["id"]) in self.keys for one in asked["excludeCredentials"]):
            raise ValueError("InvalidStateError: this device has one already")
        assert asked["authenticatorSelection"]["userVerification"] == "required"
        name, key = secrets.token_bytes(32), ec.generate_private_key(ec.SECP256R1())
        self.keys[name] = (key, rp_id, raw(asked["user"]["id"]))
        numbers = key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(name).to_bytes(2, "big") + name + cbor2.dumps(cose)
        data = self._data(rp_id, ATTESTED) + attested
        response = {
            "clientDataJSON": b64(self._client("webauthn.create", asked["challenge"], bent)),
            "attestationObject": b64(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
        }
        return self._credential(name, response)

    def get(self, options, *, name=None, **bent):
        """What the browser answers to ``navigator.credentials.get``."""
        asked = json.loads(options)
        allowed = [raw(one["id"]) for one in asked["allowCredentials"]]
        name = name or next(one for one in self.keys if not allowed or one in allowed)
        key, rp_id, handle = self.keys[name]
        assert rp_id == asked["rpId"], "browsers look only for this site's"
        data = self._data(rp_id)
        client = self._client("webauthn.get", asked["challenge"], bent)
        signature = key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64(handle),
        }  # fmt: skip
        return self._credential(name, response)

    def _data(self, rp_id, flags=0):
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        self.count += 1 if self.counts else 0
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind, challenge, bent):
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False, **bent}
        return json.dumps(said).encode()

    @staticmethod
    def _credential(name, response):
        return json.dumps(
            {
                "id": b64(name),
                "rawId": b64(name),
                "type": "public-key",
                "clientExtensionResults": {},
                "response": response,
            }
        )
