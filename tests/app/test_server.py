"""Server processes: they share a port, are replaced when they die, and stop without dropping anybody."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from app.exit_codes import ExitCode

ROOT = Path(__file__).parents[2]
PATIENCE_S = 90
"""With processes, which a busy machine is slow to start and to end."""


@contextlib.asynccontextmanager
async def started(*command):
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, stderr=subprocess.STDOUT, stdout=subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(
                process.communicate(), PATIENCE_S
            )  # read to its end, its pipe is closed with it
        except TimeoutError:
            process.kill()
            raise


async def answer(url):
    """The answer on a fresh connection, once there is one."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            async with aiohttp.ClientSession() as session, session.get(url) as response:
                return response.status, await response.text()
        except aiohttp.ClientConnectionError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            await asyncio.sleep(0.05)


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def test_several_processes_serve_one_port_and_a_dead_one_is_replaced(config_file, places):
    async with started("-m", "app", "--config", str(config_file), "serve", "--workers", "2") as parent:
        assert await answer(f"{places.server_url}/health") == (200, '{"status": "ok"}')
        first = children_of(parent.pid)
        assert len(first) == 2
        os.kill(first[0], signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_S):
            while len(now := children_of(parent.pid)) != 2 or first[0] in now:
                await asyncio.sleep(0.05)
        assert (await answer(f"{places.server_url}/ready"))[0] == 200
        parent.terminate()
        assert await asyncio.wait_for(parent.wait(), PATIENCE_S) == ExitCode.OK
        assert not any(Path(f"/proc/{pid}/exe").exists() for pid in now)


async def test_no_process_outlives_a_killed_parent(config_file, places):
    async with started("-m", "app", "--config", str(config_file), "serve", "--workers", "2") as parent:
        await answer(f"{places.server_url}/health")
        processes = children_of(parent.pid)
        parent.kill()
        async with asyncio.timeout(PATIENCE_S):
            while any(
                Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes()
                for pid in processes
            ):
                await asyncio.sleep(0.05)


async def test_a_request_under_way_finishes_when_the_server_is_told_to_stop(config_file, places):
    async with started("-m", "tests.app.slow_server", str(config_file)) as process:
        await answer(f"{places.server_url}/health")
        asked = asyncio.create_task(answer(f"{places.server_url}/slow/"))
        assert await process.stdout.readline() == b"working\n"
        process.terminate()
        await asyncio.wait([asked], timeout=PATIENCE_S)  # it ends when nobody is let in any more
        with pytest.raises(OSError), socket.create_connection(("127.0.0.1", places.server_port), timeout=1):
            pass
        assert await asked == (200, "finished")
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == ExitCode.OK


async def test_ready_says_what_is_missing(config_file, places, database_url):
    async with started("-m", "app", "--config", str(config_file), "serve-one") as process:
        status, text = await answer(f"{places.server_url}/ready")
        assert (status, text) == (200, '{"status": "ok", "checks": {"database": "ok", "redis": "ok"}}')
        assert process.returncode is None


async def test_a_lost_redis_is_told_and_does_not_make_the_server_unready(config_file, places):
    config_file.write_text(
        re.sub(r'url = "redis://[^"]+"', 'url = "redis://127.0.0.1:1/0"', config_file.read_text())
    )
    async with started("-m", "app", "--config", str(config_file), "serve-one"):
        status, text = await answer(f"{places.server_url}/ready")
        assert (status, text) == (200, '{"status": "ok", "checks": {"database": "ok", "redis": "no answer"}}')


@pytest.mark.parametrize("command", ["serve", "serve-one", "worker", "migrate"])
async def test_without_a_database_the_exit_code_says_so(config_file, places, command, monkeypatch):
    monkeypatch.setenv("YUCUN_DATABASE_URL", "postgres://nobody:x@127.0.0.1:1/none")
    async with started("-m", "app", "--config", str(config_file), command) as process:
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode == ExitCode.UNAVAILABLE, said.decode()
    assert b"Traceback" not in said


async def test_a_taken_port_is_refused_even_when_its_holder_would_share(config_file, places):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", places.server_port))
        other.listen()
        async with started("-m", "app", "--config", str(config_file), "serve") as process:
            said, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode == ExitCode.UNAVAILABLE, said.decode()


async def test_wrong_settings_have_their_own_exit_code(tmp_path):
    async with started("-m", "app", "--config", str(tmp_path / "none.toml"), "serve") as process:
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode == ExitCode.SETTINGS
    assert "config.example.toml" in said.decode()
