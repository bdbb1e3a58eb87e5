"""Streams of events: one whose source fails ends like any other, and its reader comes back; who does not read is cut off."""

import asyncio
import logging

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from core import errors
from core import http as kit
from core.http import streams


def told(source):
    """A client of an application that answers with this source's events."""

    async def answer(_request):
        return kit.EventStream(source())

    application = web.Application()
    application.router.add_get("/", answer)
    return TestClient(TestServer(application))


@pytest.mark.parametrize("fault", [errors.Unavailable(), TimeoutError(), LookupError("gone")], ids=repr)
async def test_a_source_that_fails_ends_the_stream_after_what_it_told(fault, caplog):
    async def source():
        yield kit.ServerEvent("today", "7", 3)
        raise fault

    async with told(source) as client:
        answer = await client.get("/")
        assert await answer.read() == b"id: 3\nevent: today\ndata: 7\n\n"
    (said,) = [one for one in caplog.records if one.name == streams.__name__]
    assert said.levelno == (logging.WARNING if isinstance(fault, errors.DomainError) else logging.ERROR)


async def test_who_does_not_read_is_cut_off_and_the_source_is_told(monkeypatch):
    monkeypatch.setattr(streams, "_TAKEN_WITHIN_S", 0.2)
    left = asyncio.Event()

    async def source():
        try:
            while True:
                yield kit.ServerEvent("today", "7" * 1_000_000)
        finally:
            left.set()

    async with told(source) as client:
        await client.get("/")
        await asyncio.wait_for(left.wait(), 20)
