"""The demo's operator, who does over HTTP what an operator would while a customer looks at the phone."""

from __future__ import annotations

import json
import urllib.request
import uuid

from app.demo_shop import OPERATOR_LOGIN, OPERATOR_PASSWORD

_CUSTOMER = (
    "() => Object.entries(localStorage).filter(([key]) => key.startsWith('phone.token.'))"
    ".map(([, kept]) => JSON.parse(kept).customer).sort((one, other) => one.id - other.id).at(-1)"
)


class Desk:
    """An operator of the shop that a phone talks to."""

    def __init__(self, shop_url):
        self.url, self.token = f"{shop_url}/admin/v1", None
        self.token = self.post("/login", {"login": OPERATOR_LOGIN, "password": OPERATOR_PASSWORD})["token"]

    def get(self, path):
        return self._ask(path, None, {})

    def post(self, path, body):
        headers = {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
        return self._ask(path, json.dumps(body).encode(), headers)

    def _ask(self, path, body, headers):
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(f"{self.url}{path}", body, headers)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


def of(phone):
    """The operator of this phone's shop, and who the newest customer is there."""
    shop_url = next(url for url in phone.asked if "/api/v1/" in url).split("/api/v1/")[0]
    return Desk(shop_url), phone.at.evaluate(_CUSTOMER)
