"""What a process says in its log."""

import asyncio
import io
import json
import logging
import sys
from urllib.parse import urlsplit

import pytest

from app import config, log_lines


@pytest.fixture
def said(monkeypatch):
    """``said()``: the log lines a process has written since it was asked last."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    root, server = logging.getLogger(), logging.getLogger("aiohttp.server")
    handlers, level, filters = root.handlers[:], root.level, server.filters[:]
    log_lines.to_stderr(config.Logging(format="json", level="info"))

    def since():
        lines = written.getvalue().splitlines()
        written.seek(0)
        written.truncate()
        return [json.loads(line) for line in lines]

    yield since
    root.handlers[:], server.filters[:] = handlers, filters
    root.setLevel(level)


async def _answer(world, sent):
    reader, writer = await asyncio.open_connection(urlsplit(world.url).hostname, urlsplit(world.url).port)
    writer.write(sent)
    answered = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return answered


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"GET /api/v1/products HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\x00\r\n\r\n", "BadHttpMessage"),
        (b"GET /api/v1/products?q=" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", "LineTooLong"),
    ],
)  # fmt: skip
async def test_what_is_not_http_is_refused_and_told_in_one_line_without_what_was_sent(world, said, sent, why):
    said()
    assert (await _answer(world, sent)).startswith(b"HTTP/1.0 400 ")
    (line,) = [one for one in said() if one["logger"] == "aiohttp.server"]
    assert line["level"] == "info" and line["message"].endswith(why) and "exception" not in line
    assert "secret" not in str(line) and "aaa" not in str(line)


async def test_another_fault_of_the_server_keeps_its_trace(said):
    try:
        raise RuntimeError("no answer")
    except RuntimeError:
        logging.getLogger("aiohttp.server").exception("Error handling request")
    (line,) = said()
    assert line["level"] == "error" and "RuntimeError: no answer" in line["exception"]
