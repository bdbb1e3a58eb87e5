"""Rate limits: across processes through Redis, and alone when Redis is away."""

import asyncio
import logging
import time

import pytest
import redis.asyncio
from kit_example_door import FALLING, door, open_client, signed_in

from app.local_servers import redis as local_redis
from core import http as kit
from core.http import problems


async def spend(limiter, rate, key, times):
    """How many of so many requests are let through."""
    passed = 0
    for _ in range(times):
        try:
            await limiter.spend(rate, key)
            passed += 1
        except problems.TooManyRequests:
            pass
    return passed


@pytest.fixture
async def connection(redis_url, monkeypatch):
    monkeypatch.setattr("core.http.rates._REDIS_TIMEOUT_S", 10.0)  # it does answer, on a busy machine later
    async with redis.asyncio.from_url(redis_url) as connection:
        yield connection


@pytest.mark.parametrize("count", [1, 3, 60])
async def test_processes_share_a_limit_and_never_exceed_it(connection, count):
    first, second = kit.RateLimiter(connection), kit.RateLimiter(connection)
    rate = kit.Rate(count, 60)
    passed = 0
    for _ in range(count):
        passed += await spend(first, rate, "a", 1) + await spend(second, rate, "a", 1)
    passed += await spend(first, rate, "a", 5) + await spend(second, rate, "a", 5)
    assert passed == count
    assert await spend(first, rate, "b", 1) == 1


async def test_concurrent_requests_lose_no_shares(connection):
    limiter, rate = kit.RateLimiter(connection), kit.Rate(100, 60)
    passed = await asyncio.gather(*(spend(limiter, rate, "a", 1) for _ in range(150)))
    assert sum(passed) == 100


async def test_a_burst_takes_one_share_of_the_window_not_one_for_each_request(connection):
    limiter = kit.RateLimiter(connection)
    rate = kit.Rate(180, 60)  # shares of 9
    await asyncio.gather(*(limiter.spend(rate, "a") for _ in range(8)))
    assert int(await connection.get("yucun:rate:a")) == 9
    assert limiter._renewals == {}


async def test_the_first_requests_of_a_window_cost_no_round_trip_and_are_counted_later(connection):
    first, second = kit.RateLimiter(connection), kit.RateLimiter(connection)
    rate = kit.Rate(400, 60)  # two beforehand, shares of twenty
    assert await spend(first, rate, "a", 2) == 2
    assert await connection.get("yucun:rate:a") is None
    assert await spend(first, rate, "a", 1) == 1
    assert int(await connection.get("yucun:rate:a")) == 22
    passed = 3 + await spend(first, rate, "a", 500) + await spend(second, rate, "a", 500)
    assert passed == 400 + 2  # what the second let pass before it asked
    third = kit.RateLimiter(connection)
    assert await spend(third, rate, "a", 500) == 2


async def test_a_busy_caller_costs_few_round_trips(connection):
    limiter = kit.RateLimiter(connection)
    before = (await connection.info("commandstats")).get("cmdstat_evalsha", {}).get("calls", 0)
    await spend(limiter, kit.Rate(200, 60), "a", 200)
    after = (await connection.info("commandstats"))["cmdstat_evalsha"]["calls"]
    assert after - before <= 21


async def test_many_callers_of_one_moment_cost_one_round_trip(connection):
    limiter = kit.RateLimiter(connection)
    await limiter.spend(kit.Rate(3, 60), "a")
    before = (await connection.info("commandstats"))["cmdstat_evalsha"]["calls"]
    rates = [kit.Rate(number, 60) for number in range(1, 41)]
    passed = await asyncio.gather(*(spend(limiter, rate, f"b{rate.count}", 1) for rate in rates))
    after = (await connection.info("commandstats"))["cmdstat_evalsha"]["calls"]
    assert (passed, after - before) == ([1] * 40, 1)
    assert int(await connection.get("yucun:rate:b40")) == 2  # its own share of its own window
    assert await spend(limiter, kit.Rate(2, 60), "b2", 3) == 1


async def test_a_window_ends(connection):
    for limiter in (kit.RateLimiter(connection), kit.RateLimiter(None)):
        rate = kit.Rate(2, 2)
        assert await spend(limiter, rate, "a", 4) == 2
        await asyncio.sleep(2.05)
        assert await spend(limiter, rate, "a", 4) == 2


async def test_too_many_requests_are_answered_429_with_the_time_to_wait():
    async with open_client(kit.build(FALLING)) as client:
        statuses = [(await client.get("/falling/v1/rare")).status for _ in range(3)]
        assert statuses == [204, 204, 429]
        response = await client.get("/falling/v1/rare")
        assert 1 <= int(response.headers["Retry-After"]) <= 60
        problem = await response.json()
        assert problem["code"] == "too_many_requests"
        assert problem["params"]["retry_after_s"] == int(response.headers["Retry-After"])
        assert str(problem["params"]["retry_after_s"]) in problem["message"]


async def test_callers_are_counted_apart_and_addresses_before_anybody_is_known():
    limits = kit.Limits(per_caller=kit.Rate(2, 60), per_address=kit.Rate(7, 60))
    async with open_client(door(limits=limits)) as client:

        async def forget(headers):
            return (await client.delete("/api/v1/numbers/7", headers=headers)).status

        assert [await forget(signed_in(1)) for _ in range(3)] == [204, 204, 429]
        assert [await forget(signed_in(2)) for _ in range(3)] == [204, 204, 429]
        assert await forget({}) == 401
        assert await forget({}) == 429
        assert await forget(signed_in(3)) == 429


async def test_addresses_are_those_of_the_clients_behind_a_trusted_proxy():
    limits = kit.Limits(per_address=kit.Rate(1, 60))
    settings = kit.Edge(trusted_networks=["127.0.0.0/8"])
    async with open_client(door(limits=limits), settings=settings) as client:
        for address, status in (("192.0.2.1", 200), ("192.0.2.2", 200), ("192.0.2.1", 429)):
            response = await client.get(
                "/api/v1/numbers/1", headers={"X-Forwarded-For": f"9.9.9.9, {address}"}
            )
            assert response.status == status


async def test_without_redis_each_process_counts_for_itself_and_complains_once(tmp_path, caplog):
    server = local_redis.start(tmp_path / "redis", durable=False)
    async with redis.asyncio.from_url(server.url) as connection:
        limiter, rate = kit.RateLimiter(connection), kit.Rate(3, 60)
        assert await spend(limiter, rate, "a", 1) == 1
        server.stop()
        with caplog.at_level(logging.WARNING):
            began = time.monotonic()
            assert await spend(limiter, rate, "b", 10) == 3
            assert await spend(limiter, rate, "c", 10) == 3
            assert time.monotonic() - began < 2
        assert [record.message for record in caplog.records if "Redis" in record.message] == [
            caplog.records[0].message
        ]


async def test_a_redis_that_hangs_delays_nobody_for_long():
    async def silent(reader, _writer):
        await reader.read()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with redis.asyncio.Redis(host="127.0.0.1", port=port) as connection:
        limiter = kit.RateLimiter(connection)
        began = time.monotonic()
        assert await spend(limiter, kit.Rate(3, 60), "a", 50) == 3
        assert time.monotonic() - began < 1, "it would be five seconds if each waited"
    server.close()


async def test_a_restarted_redis_that_forgot_the_script_is_taught_again(connection):
    limiter, rate = kit.RateLimiter(connection), kit.Rate(5, 60)
    assert await spend(limiter, rate, "a", 1) == 1
    await connection.script_flush()
    await connection.flushdb()
    assert await spend(limiter, rate, "a", 10) == 5
