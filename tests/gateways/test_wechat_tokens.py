"""One access token for all processes, with a real Redis between them, and a platform that counts what it is asked."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from core import clock
from gateways.wechat import AccessTokens, Account, OfficialAccount, Platform, PlatformRefused, PlatformUnknown

ACCOUNT = Account("wx0123456789abcdef", "SECRET-OF-THE-ACCOUNT")


class TokenPlatform:
    """Speaks stable_token and user/info; `refuse_with` is said to every token but `good`."""

    def __init__(self) -> None:
        self.issued = 0
        self.asked: list[bool] = []  # force_refresh of each stable_token request
        self.calls: list[str] = []  # the token of each other request
        self.good: str | None = None
        self.expires_in_s = 7200
        self.refuse_with = 40001
        self.always_refuse = False
        self.force_works = True
        self.slow_s = 0.0

    def _issue(self) -> str:
        self.issued += 1
        self.given = self.good = f"TOKEN-{self.issued}"
        return self.given

    given: str | None = None

    async def __call__(self, request):
        if request.target.startswith("/cgi-bin/stable_token"):
            await asyncio.sleep(self.slow_s)
            assert request.json["appid"] == ACCOUNT.app_id and request.json["secret"] == ACCOUNT.secret
            assert request.json["grant_type"] == "client_credential"
            force = request.json["force_refresh"]
            self.asked.append(force)
            token = self.given
            if token is None or (force and self.force_works):
                token = self._issue()
            return self._json({"access_token": token, "expires_in": self.expires_in_s})
        token = request.query["access_token"]
        self.calls.append(token)
        if self.always_refuse or token != self.good:
            return self._json({"errcode": self.refuse_with, "errmsg": "invalid credential rid: 1"})
        return self._json({"subscribe": 1, "openid": "o1", "unionid": "u1"})

    def _json(self, content):
        import json

        return 200, {"Content-Type": "text/plain"}, json.dumps(content).encode()


@pytest.fixture
async def platform(peer):
    platform = TokenPlatform()
    peer.answers = [platform]
    return platform


@pytest.fixture
async def api(peer):
    async with Platform(peer.url, total_timeout_s=3.0) as api:
        yield api


@pytest.fixture
async def a_process(api, redis_server):
    """Makes what another process would have: its own connection to Redis and its own holder."""
    opened = []

    def make(*, redis=True) -> AccessTokens:
        if not redis:
            return AccessTokens(ACCOUNT, api)
        opened.append(Redis.from_url(redis_server.url))
        return AccessTokens(ACCOUNT, api, redis=opened[-1])

    yield make
    for each in opened:
        await each.aclose()


@pytest.fixture
def an_account(api):
    """The official account of a process that holds these tokens."""
    return lambda tokens: OfficialAccount(ACCOUNT, api, tokens)


async def test_many_callers_in_many_processes_cause_one_fetch(platform, a_process):
    platform.slow_s = 0.2
    processes = [a_process() for _ in range(4)]
    tokens = await asyncio.gather(*(each.current() for each in processes for _ in range(10)))
    assert set(tokens) == {"TOKEN-1"}
    assert platform.asked == [False]


async def test_without_redis_one_process_still_fetches_once(platform, a_process):
    platform.slow_s = 0.1
    tokens = a_process(redis=False)
    assert set(await asyncio.gather(*(tokens.current() for _ in range(20)))) == {"TOKEN-1"}
    assert platform.asked == [False]


async def test_a_token_is_fetched_again_before_it_ends(platform, a_process):
    tokens = a_process()
    await tokens.current()
    clock.set_offset(timedelta(seconds=7200 - 121))
    await tokens.current()
    assert len(platform.asked) == 1
    clock.set_offset(timedelta(seconds=7200 - 119))
    platform.given = None
    assert await tokens.current() == "TOKEN-2"
    assert await a_process().current() == "TOKEN-2"
    assert platform.asked == [False, False]


async def test_a_token_with_little_life_left_is_held_for_half_of_it(platform, a_process):
    platform.expires_in_s = 100
    tokens = a_process()
    await tokens.current()
    clock.set_offset(timedelta(seconds=45))
    await tokens.current()
    assert len(platform.asked) == 1
    clock.set_offset(timedelta(seconds=55))
    await tokens.current()
    assert len(platform.asked) == 2


@pytest.mark.parametrize("errcode", [40001, 42001, 40014])
@pytest.mark.parametrize("redis", [True, False])
async def test_a_refused_token_is_replaced_once_and_the_call_repeated_once(
    platform, a_process, errcode, redis, an_account
):
    platform.refuse_with = errcode
    tokens = a_process(redis=redis)
    await tokens.current()
    platform.good = None  # the platform forgot it, yet hands out the same one when asked normally
    follower = await an_account(tokens).user("o1")
    assert follower.subscribed
    assert platform.calls == ["TOKEN-1", "TOKEN-2"]
    assert platform.asked == [False, False, True]


async def test_force_is_not_needed_when_the_platform_has_a_new_token(platform, a_process, an_account):
    tokens = a_process()
    await tokens.current()
    platform._issue()
    await an_account(tokens).user("o1")
    assert platform.asked == [False, False]


async def test_a_token_that_somebody_has_replaced_is_just_read(platform, a_process):
    first, second = a_process(), a_process()
    old = await first.current()
    platform.good = None
    fresh = await first.replace(old)
    asked = len(platform.asked)
    assert await second.replace(old) == fresh
    assert len(platform.asked) == asked


async def test_many_failures_of_one_token_cause_one_forced_refresh(platform, a_process, an_account):
    processes = [a_process() for _ in range(3)]
    await processes[0].current()
    platform.good = None
    platform.slow_s = 0.05
    accounts = [an_account(each) for each in processes for _ in range(10)]
    followers = await asyncio.gather(*(each.user("o1") for each in accounts))
    assert all(each.subscribed for each in followers)
    assert platform.asked.count(True) == 1


async def test_a_platform_that_refuses_every_token_ends_in_its_refusal_not_in_a_loop(
    platform, a_process, an_account
):
    platform.always_refuse = True
    tokens = a_process()
    for _ in range(3):
        with pytest.raises(PlatformRefused) as refused:
            await an_account(tokens).user("o1")
        assert refused.value.errcode == 40001
    assert len(platform.calls) == 6
    assert platform.asked.count(True) == 1  # rationed: twenty a day, thirty seconds apart


async def test_other_refusals_do_not_touch_the_token(platform, a_process, an_account):
    platform.always_refuse, platform.refuse_with = True, 45015
    with pytest.raises(PlatformRefused) as refused:
        await an_account(a_process()).send_customer_message("o1", "您好")
    assert refused.value.errcode == 45015
    assert (len(platform.calls), platform.asked) == (1, [False])


async def test_when_redis_dies_the_process_goes_on_with_the_token_it_knows(
    platform, a_process, redis_server, an_account
):
    tokens = a_process()
    await tokens.current()
    await redis_server.stop()
    assert await tokens.current() == "TOKEN-1"
    platform.good = None
    assert (await an_account(tokens).user("o1")).subscribed
    assert platform.asked == [False, False, True]


async def test_redis_that_was_never_there_is_no_obstacle_and_not_waited_for(platform, api):
    async with contextlib.AsyncExitStack() as stack:
        redis = Redis.from_url("redis://127.0.0.1:1")
        stack.push_async_callback(redis.aclose)
        tokens = AccessTokens(ACCOUNT, api, redis=redis)
        begun = time.monotonic()
        assert {await tokens.current() for _ in range(50)} == {"TOKEN-1"}
        assert time.monotonic() - begun < 3
    assert platform.asked == [False]


async def test_redis_that_hangs_costs_a_second_once(platform, api):
    async def silent(_reader, _writer):
        await asyncio.sleep(30)

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    redis = Redis.from_url(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    tokens = AccessTokens(ACCOUNT, api, redis=redis)
    begun = time.monotonic()
    async with asyncio.timeout(20):
        assert {await tokens.current() for _ in range(20)} == {"TOKEN-1"}
    assert time.monotonic() - begun < 8
    server.close()
    with contextlib.suppress(Exception):
        await redis.aclose()


async def test_processes_without_redis_do_not_kill_each_others_tokens(platform, a_process, an_account):
    first, second = a_process(redis=False), a_process(redis=False)
    await first.current(), await second.current()
    platform.good = None
    for _ in range(3):
        assert (await an_account(first).user("o1")).subscribed
        assert (await an_account(second).user("o1")).subscribed
    assert platform.asked.count(True) == 1


async def test_rubbish_under_the_key_is_replaced(platform, a_process, redis_server):
    async with Redis.from_url(redis_server.url) as redis:
        for rubbish in (b"\xff", b"[]", b'{"token": "x"}', b'{"token":"x","until":"2026-11-23"}'):
            await redis.set(f"wechat:access_token:{ACCOUNT.app_id}", rubbish)
            assert await a_process().current() == "TOKEN-1"


async def test_the_key_in_redis_ends_with_the_token(platform, a_process, redis_server):
    await a_process().current()
    async with Redis.from_url(redis_server.url) as redis:
        assert 7000 < await redis.ttl(f"wechat:access_token:{ACCOUNT.app_id}") <= 7080


async def test_a_fetch_that_fails_lets_the_next_caller_try(platform, peer, a_process):
    tokens = a_process()
    peer.answers = [(200, {}, b'{"errcode":40125,"errmsg":"invalid appsecret"}')]
    with pytest.raises(PlatformRefused, match="40125"):
        await tokens.current()
    peer.answers = [(502, {}, b"")]
    with pytest.raises(PlatformUnknown):
        await tokens.current()
    peer.answers = [(200, {}, b'{"access_token":"","expires_in":7200}')]
    with pytest.raises(PlatformUnknown, match="access_token"):
        await tokens.current()
    peer.answers = [platform]
    async with asyncio.timeout(15):  # the lock among processes was given back
        assert await a_process().current() == "TOKEN-1"


async def test_a_caller_that_is_cancelled_gives_the_lock_back(platform, a_process):
    platform.slow_s = 0.5
    task = asyncio.create_task(a_process().current())
    await asyncio.sleep(0.2)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    platform.slow_s = 0.0
    async with asyncio.timeout(15):
        assert await a_process().current() == "TOKEN-1"


async def test_neither_secret_nor_token_is_logged_or_shown(platform, a_process, caplog, an_account):
    caplog.set_level(logging.DEBUG)
    tokens = a_process()
    await an_account(tokens).user("o1")
    platform.always_refuse = True
    with pytest.raises(PlatformRefused):
        await an_account(tokens).user("o1")
    shown = caplog.text + repr(tokens) + repr(ACCOUNT) + repr(vars(tokens))
    assert "TOKEN-" not in shown and ACCOUNT.secret not in shown
