"""The local PostgreSQL and Redis: found again, recovered, and never left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from redis import Redis

from app import local_servers

ROOT = Path(__file__).parents[2]
HOLD = (
    "import sys, time, pathlib; from app import local_servers; s = local_servers.start(pathlib.Path(sys.argv[1]), durable=False);"
    "print(s.postgres.process.pid, s.redis.process.pid, flush=True); time.sleep(60)"
)


@pytest.fixture
def home():
    place = Path(tempfile.mkdtemp(prefix="yucun-local-"))
    place.chmod(0o755)
    yield place
    local_servers.erase(place)
    shutil.rmtree(place)


def runs(pid):
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def wait_for(condition, within_s=90):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_second_start_is_quick_and_finds_what_the_first_one_wrote(home):
    with local_servers.start(home) as first:
        first.database_url("shop")
        first.postgres.ask("CREATE TABLE kept AS SELECT 7 AS seven", database="shop")
        with Redis.from_url(first.redis_url) as redis:
            redis.set("kept", "8")
        pids = first.postgres.process.pid, first.redis.process.pid
    assert not any(map(runs, pids))
    began = time.monotonic()
    with local_servers.start(home) as second:
        assert time.monotonic() - began < 5
        assert second.postgres.ask("SELECT seven FROM kept", database="shop") == "7"
        with Redis.from_url(second.redis_url) as redis:
            assert redis.get("kept") == b"8"


def test_servers_that_run_already_are_used_and_left_running(home):
    with local_servers.start(home, durable=False) as first:
        with local_servers.start(home, durable=False) as second:
            assert (second.postgres.process, second.redis.process) == (None, None)
            assert second.database_url("shop") == first.database_url("shop")
        assert first.postgres.ask("SELECT 1") == "1"


def test_they_end_with_the_process_that_started_them_even_when_it_is_killed(home):
    parent = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert all(map(runs, pids))
    parent.kill()
    parent.wait()
    wait_for(lambda: not any(map(runs, pids)))


def test_committed_rows_survive_a_killed_server(home):
    with local_servers.start(home, durable=False) as first:
        first.postgres.ask("CREATE TABLE kept AS SELECT 7 AS seven")
        first.postgres.process.kill()
        first.postgres.process.wait()
    with local_servers.start(home, durable=False) as second:
        assert second.postgres.ask("SELECT seven FROM kept") == "7"


@pytest.mark.parametrize("pid", ["own", "gone", "not a number"])
def test_a_stale_lock_file_does_not_keep_the_server_from_starting(home, pid):
    with local_servers.start(home, durable=False):
        pass
    lock = home / "postgres" / "data" / "postmaster.pid"
    lock.write_text({"own": str(os.getpid()), "gone": "4194303"}.get(pid, pid) + "\n")
    lock.chmod(0o600)
    shutil.chown(lock, lock.parent.stat().st_uid, lock.parent.stat().st_gid)
    with local_servers.start(home, durable=False) as started:
        assert started.postgres.ask("SELECT 1") == "1"


def test_a_home_closed_to_others_stays_closed(home):
    home.chmod(0o700)
    with local_servers.start(home / "demo", durable=False) as started:
        assert started.postgres.ask("SELECT 1") == "1"
    assert home.stat().st_mode & 0o777 == 0o700
    kept = (home / "demo" / "postgres" / "data").resolve()
    local_servers.erase(home / "demo")
    assert not kept.exists()


def test_postgresql_has_the_settings_it_is_given_beside_ours(home):
    with local_servers.start(home, durable=False, postgres_settings={"shared_buffers": "16MB"}) as started:
        assert started.postgres.ask("SHOW shared_buffers") == "16MB"
        assert started.postgres.ask("SHOW fsync") == "off"


def test_others_on_this_machine_need_the_password(home):
    with local_servers.start(home, durable=False) as started:
        with (
            pytest.raises(Exception, match=r"(?i)auth"),
            Redis(port=started.redis.port) as redis,
        ):
            redis.ping()
        url = started.postgres.url("postgres").replace(started.postgres.password, "guess")
        tried = subprocess.run(
            [started.postgres.programs / "psql", url, "-c", "SELECT 1"], capture_output=True, text=True
        )
        assert "password authentication failed" in tried.stderr


def test_a_stop_rolls_back_what_is_open_and_does_not_wait_for_it(home):
    with local_servers.start(home, durable=False) as started:
        url = started.postgres.url("postgres")
        busy = subprocess.Popen(
            [started.postgres.programs / "psql", url, "-c", "SELECT pg_sleep(60)"], stderr=subprocess.DEVNULL
        )
        asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        wait_for(lambda: started.postgres.ask(asleep) == "1")
        began = time.monotonic()
    assert time.monotonic() - began < 10
    busy.wait(10)
