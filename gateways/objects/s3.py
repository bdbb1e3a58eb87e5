"""Files in a bucket of a store that speaks Amazon's S3: MinIO, Alibaba Cloud OSS, Tencent COS, AWS.

Signature Version 4 with the header ``Authorization`` ("Signature Calculations for the Authorization Header: Transferring Payload in a
Single Chunk", Amazon S3 API Reference). The body's SHA-256 is signed too, so nobody on the way changes what is kept.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit

import aiohttp

from core import errors
from gateways.http import Answer, Caller, NoAnswer

_ALGORITHM = "AWS4-HMAC-SHA256"
_TIMEOUT_S = 8.0


class StoreFailed(errors.Unavailable):
    """The store of files does not answer, or refuses."""

    code = "store_failed"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs, and for which region of the store."""

    access_key: str
    secret_key: str
    region: str


class Bucket:
    """A bucket; with a session of its own between entering and leaving, unless one is passed in. It is addressed by path (``https://host/bucket/key``) or, where ``is_host``, by its own host (``https://bucket.host/key``)."""

    def __init__(
        self,
        endpoint: str,
        bucket: str,
        credentials: Credentials,
        *,
        session: aiohttp.ClientSession | None = None,
        is_host: bool = False,
    ) -> None:
        parts = urlsplit(endpoint)
        self._host = f"{bucket}.{parts.netloc}" if is_host else parts.netloc
        self._prefix = "" if is_host else f"/{quote(bucket)}"
        self._credentials = credentials
        self._caller = Caller([f"{parts.scheme}://{self._host}"], session=session, total_timeout_s=_TIMEOUT_S)

    async def __aenter__(self) -> Self:
        await self._caller.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._caller.close()

    async def put(self, key: str, body: bytes, *, media_type: str) -> None:
        """Keeps a file; one under the same key is replaced.

        Raises:
            StoreFailed.
        """
        answer = await self._ask("PUT", key, body, {"content-type": media_type})
        if answer.status != 200:
            raise StoreFailed(status=answer.status)

    async def get(self, key: str) -> bytes | None:
        """The file under a key, or None.

        Raises:
            StoreFailed.
        """
        answer = await self._ask("GET", key)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise StoreFailed(status=answer.status)
        return answer.body

    async def delete(self, key: str) -> None:
        """Removes the file under a key, if there is one.

        Raises:
            StoreFailed.
        """
        answer = await self._ask("DELETE", key)
        if answer.status not in (200, 204, 404):
            raise StoreFailed(status=answer.status)

    async def _ask(
        self, method: str, key: str, body: bytes = b"", more: Mapping[str, str] | None = None
    ) -> Answer:
        target = f"{self._prefix}/{quote(key)}"

        def headers() -> dict[str, str]:
            # the machine's clock, not the shop's: the store compares it with its own
            at = datetime.now(UTC)
            return signed(method, target, {"host": self._host, **(more or {})}, body, self._credentials, at)

        try:
            return await self._caller.send(method, target, headers=headers, body=body, repeatable=True)
        except NoAnswer:
            raise StoreFailed(status=0) from None


def signed(
    method: str, path: str, headers: Mapping[str, str], body: bytes, by: Credentials, at: datetime
) -> dict[str, str]:
    """The headers of a signed request without a query: those given (lower case, with ``host``) and what the signature needs."""
    moment, day = f"{at:%Y%m%dT%H%M%SZ}", f"{at:%Y%m%d}"
    digest = hashlib.sha256(body).hexdigest()
    whole = {**headers, "x-amz-content-sha256": digest, "x-amz-date": moment}
    names = ";".join(sorted(whole))
    lines = "".join(f"{name}:{whole[name].strip()}\n" for name in sorted(whole))
    request = f"{method}\n{path}\n\n{lines}\n{names}\n{digest}"
    scope = f"{day}/{by.region}/s3/aws4_request"
    text = f"{_ALGORITHM}\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{by.secret_key}".encode()
    for part in (day, by.region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    whole["authorization"] = (
        f"{_ALGORITHM} Credential={by.access_key}/{scope},SignedHeaders={names},Signature={signature}"
    )
    return whole
