"""A store of objects that speaks Amazon's S3, as far as a shop asks: PUT, GET and DELETE of one object, signed by version 4 in the
header ("Authenticating Requests: Using the Authorization Header", Amazon S3 API Reference). What is not signed as it must be is refused
with the codes the real ones have."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

from aiohttp import web

_MOST_BYTES = 16 * 1024 * 1024
_SKEW = timedelta(minutes=15)
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]+)/s3/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)


class Refused(Exception):
    """An error as S3 words it."""

    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code


class Objects:
    """One bucket, in memory. ``refuses`` makes it fail with a status, as a store does on a bad day."""

    def __init__(self, bucket: str, access_key: str, secret_key: str, region: str) -> None:
        self._bucket, self._access_key, self._secret_key, self._region = (
            bucket,
            access_key,
            secret_key,
            region,
        )
        self.kept: dict[str, tuple[bytes, str]] = {}
        self.refuses: int | None = None

    def application(self) -> web.Application:
        """What listens; ``/{bucket}/{key}``."""
        application = web.Application(client_max_size=_MOST_BYTES)
        application.router.add_route("*", "/{bucket}/{key:.+}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            if self.refuses is not None:
                raise Refused(self.refuses, "SlowDown")
            self._check(request, body)
            return self._done(request, body)
        except Refused as refused:
            said = f"<?xml version='1.0'?><Error><Code>{refused.code}</Code></Error>"
            return web.Response(status=refused.status, text=said, content_type="application/xml")

    def _done(self, request: web.Request, body: bytes) -> web.Response:
        if request.match_info["bucket"] != self._bucket:
            raise Refused(404, "NoSuchBucket")
        key = request.match_info["key"]
        if request.method == "PUT":
            self.kept[key] = (body, request.content_type)
            return web.Response(headers={"ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'})
        if request.method == "DELETE":
            self.kept.pop(key, None)
            return web.Response(status=204)
        if request.method != "GET":
            raise Refused(405, "MethodNotAllowed")
        if key not in self.kept:
            raise Refused(404, "NoSuchKey")
        kept, media_type = self.kept[key]
        return web.Response(body=kept, content_type=media_type)

    def _check(self, request: web.Request, body: bytes) -> None:
        found = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
        if found is None:
            raise Refused(403, "AccessDenied")
        access_key, day, region, names, signature = found.groups()
        if access_key != self._access_key:
            raise Refused(403, "InvalidAccessKeyId")
        moment = request.headers.get("x-amz-date", "")
        try:
            at = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise Refused(403, "AccessDenied") from None
        if abs(datetime.now(UTC) - at) > _SKEW:
            raise Refused(403, "RequestTimeTooSkewed")
        if region != self._region or not moment.startswith(day):
            raise Refused(400, "AuthorizationHeaderMalformed")
        needed = {"host", *(name.lower() for name in request.headers if name.lower().startswith("x-amz-"))}
        if not needed <= set(names.split(";")):
            raise Refused(403, "AccessDenied")
        if request.headers.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
            raise Refused(400, "XAmzContentSHA256Mismatch")
        if not hmac.compare_digest(self._signature(request, names, day, moment), signature):
            raise Refused(403, "SignatureDoesNotMatch")

    def _signature(self, request: web.Request, names: str, day: str, moment: str) -> str:
        path, _, query = request.raw_path.partition("?")
        canonical = [request.method, path, "&".join(sorted(query.split("&"))) if query else ""]
        canonical += [
            f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in names.split(";")
        ]
        canonical += ["", names, request.headers["x-amz-content-sha256"]]
        digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{moment}\n{day}/{self._region}/s3/aws4_request\n{digest}"
        key = b"AWS4" + self._secret_key.encode()
        for step in (day, self._region, "s3", "aws4_request"):
            key = hmac.new(key, step.encode(), hashlib.sha256).digest()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
