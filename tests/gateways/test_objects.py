"""A store of files that speaks S3: what is signed how, and what becomes of a refusal."""

import asyncio
from datetime import UTC, datetime

import pytest
from aiohttp.test_utils import TestServer

from gateways.objects import Bucket, Credentials, StoreFailed
from gateways.objects.s3 import signed
from sandbox.objects import Objects

# The examples of "Signature Calculations for the Authorization Header" (Amazon S3 API Reference)
_EXAMPLE = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
_THEN = datetime(2013, 5, 24, tzinfo=UTC)
_HOST = "examplebucket.s3.amazonaws.com"


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "signature"),
    [
        (
            "GET",
            "/test.txt",
            {"host": _HOST, "range": "bytes=0-9"},
            b"",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test%24file.text",
            {
                "host": _HOST,
                "date": "Fri, 24 May 2013 00:00:00 GMT",
                "x-amz-storage-class": "REDUCED_REDUNDANCY",
            },
            b"Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
    ],
)
def test_requests_are_signed_as_amazon_shows(method, path, headers, body, signature):
    made = signed(method, path, headers, body, _EXAMPLE, _THEN)
    assert made["authorization"].endswith(f"Signature={signature}")
    assert "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request" in made["authorization"]


@pytest.fixture
async def objects():
    store = Objects("pictures", "key", "secret", "cn-1")
    server = TestServer(store.application())
    await server.start_server()
    store.url = str(server.make_url("")).rstrip("/")
    yield store
    await server.close()


def bucket(objects, *, secret="secret", access="key", region="cn-1", name="pictures"):
    return Bucket(objects.url, name, Credentials(access, secret, region))


async def test_files_are_kept_read_and_removed(objects):
    async with bucket(objects) as store:
        assert await store.get("products/茶 1/small.jpg") is None
        await store.put("products/茶 1/small.jpg", b"jpeg", media_type="image/jpeg")
        assert objects.kept == {"products/茶 1/small.jpg": (b"jpeg", "image/jpeg")}
        assert await store.get("products/茶 1/small.jpg") == b"jpeg"
        for _ in range(2):
            await store.delete("products/茶 1/small.jpg")
    assert objects.kept == {}


@pytest.mark.parametrize(
    "wrong", [{"secret": "other"}, {"access": "other"}, {"region": "cn-2"}, {"name": "another"}]
)
async def test_who_signs_wrong_is_refused(objects, wrong):
    async with bucket(objects, **wrong) as store:
        with pytest.raises(StoreFailed):
            await store.put("a.jpg", b"jpeg", media_type="image/jpeg")
    assert objects.kept == {}


async def test_a_store_on_a_bad_day_is_said_to_be_away(objects):
    objects.refuses = 503
    async with bucket(objects) as store:
        for ask in (
            store.put("a.jpg", b"jpeg", media_type="image/jpeg"),
            store.get("a.jpg"),
            store.delete("a.jpg"),
        ):
            with pytest.raises(StoreFailed):
                await ask

    nobody = Objects("pictures", "key", "secret", "cn-1")
    nobody.url = "http://127.0.0.1:9"
    async with bucket(nobody) as store:
        with pytest.raises(StoreFailed):
            await asyncio.wait_for(store.get("a.jpg"), 20)
