"""The load generator against a real server: it counts whole answers, keeps connections, and tells of failures."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest
from aiohttp import web

from benchmarks import http_doors


@pytest.fixture
async def port():
    async def answer(request):
        return web.json_response(
            {"n": "金" * int(request.query.get("size", 1))}, status=int(request.query.get("status", 200))
        )

    application = web.Application()
    application.router.add_route("*", "/", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield site._server.sockets[0].getsockname()[1]
    await runner.cleanup()


@pytest.fixture
async def generate(port, tmp_path):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )

    async def run(requests, *, seconds=0.3, cycle=False):
        file = tmp_path / "requests"
        file.write_bytes(b"".join(one + b"\0" for one in requests))
        order = {"port": port, "connections": 4, "file": str(file), "seconds": seconds, "cycle": cycle}
        process.stdin.write(json.dumps(order).encode() + b"\n")
        return json.loads(await asyncio.wait_for(process.stdout.readline(), 20))

    yield run
    process.kill()
    await process.communicate()


async def test_each_request_is_sent_once_and_the_clock_stops_when_they_are_used_up(generate):
    found = await generate(
        [http_doors.request("POST", "/?size=30000", key=f"key-{n:08d}") for n in range(50)], seconds=15
    )
    assert (found["done"], found["failure"]) == (50, None)
    assert found["elapsed"] < 10


async def test_requests_go_round_until_the_time_is_up(generate):
    found = await generate([http_doors.request("GET", "/")], cycle=True)
    assert found["done"] > 4
    assert found["elapsed"] == pytest.approx(0.3)


async def test_an_answer_that_is_no_success_ends_the_run_with_its_words(generate):
    found = await generate([http_doors.request("GET", "/?status=409")], cycle=True)
    assert "409" in found["failure"]
    assert "HTTP/1.1" in found["failure"]
