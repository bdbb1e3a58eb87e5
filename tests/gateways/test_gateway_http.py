from __future__ import annotations

import asyncio
import secrets
import socket
import traceback

import aiohttp
import pytest

from gateways import http


def _headers():
    return {}


def closed_port_url() -> str:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}"


async def send(
    urls, *, method="POST", target="/x", body=b"{}", repeatable=False, headers=_headers, patience_s=30.0
):
    async with http.Caller(urls, total_timeout_s=patience_s, connect_timeout_s=patience_s) as caller:
        return await caller.send(method, target, headers=headers, body=body, repeatable=repeatable)


async def test_path_query_and_body_arrive_byte_for_byte(peer):
    peer.answers = [(200, {}, b"ok")]
    answer = await send([peer.url], target="/a%2Fb/%7C*?q=%E4%BD%99&r=a%20b", body=b'{"a": 1 }')
    assert (answer.status, answer.body) == (200, b"ok")
    assert peer.received[0].target == "/a%2Fb/%7C*?q=%E4%BD%99&r=a%20b"
    assert peer.received[0].body == b'{"a": 1 }'


async def test_the_backup_is_tried_when_nobody_listens_at_the_main_host(peer):
    peer.answers = [(200, {}, b"ok")]
    assert (await send([closed_port_url(), peer.url])).status == 200


async def test_each_attempt_has_its_own_headers(start_peer):
    main, backup = await start_peer(), await start_peer()
    main.answers, backup.answers = ["drop"], [(200, {}, b"")]
    nonces = iter("12")
    await send([main.url, backup.url], repeatable=True, headers=lambda: {"Nonce": next(nonces)})
    assert (main.received[0].headers["Nonce"], backup.received[0].headers["Nonce"]) == ("1", "2")


async def test_a_dropped_connection_goes_to_the_backup_only_if_repeating_is_harmless(start_peer):
    main, backup = await start_peer(), await start_peer()
    main.answers, backup.answers = ["drop"], [(200, {}, b"")]
    with pytest.raises(http.NoAnswer) as failed:
        await send([main.url, backup.url], repeatable=False)
    assert failed.value.maybe_executed
    assert backup.received == []
    assert (await send([main.url, backup.url], repeatable=True)).status == 200


async def test_an_answer_that_does_not_come_may_have_been_executed(peer):
    async def never(_request):
        await asyncio.sleep(60)

    peer.answers = [never]
    with pytest.raises(http.NoAnswer) as failed:
        await send([peer.url], patience_s=0.3)
    assert failed.value.maybe_executed


async def test_a_refused_connection_certainly_was_not_executed():
    with pytest.raises(http.NoAnswer) as failed:
        await send([closed_port_url(), closed_port_url()])
    assert not failed.value.maybe_executed


async def test_one_doubtful_attempt_makes_the_whole_call_doubtful(peer):
    peer.answers = ["drop"]
    with pytest.raises(http.NoAnswer) as failed:
        await send([peer.url, closed_port_url()], repeatable=True)
    assert failed.value.maybe_executed


async def test_redirects_are_not_followed(peer):
    peer.answers = [(302, {"Location": "/elsewhere"}, b"")]
    assert (await send([peer.url])).status == 302
    assert len(peer.received) == 1


async def test_an_endless_answer_is_cut_off(peer):
    peer.answers = [(200, {}, b"x" * (http.MAX_ANSWER_BYTES + 1))]
    with pytest.raises(http.NoAnswer, match="too large"):
        async with http.Caller([peer.url]) as caller:
            await caller.send("GET", "/", headers=_headers, repeatable=False)


async def test_errors_and_logs_do_not_quote_the_query(peer, caplog):
    caplog.set_level("DEBUG")
    secret = secrets.token_hex(8)
    peer.answers = ["drop"]
    for url in (peer.url, closed_port_url(), "http://127.0.0.1:1"):
        with pytest.raises(http.NoAnswer) as failed:
            await send([url], target=f"/x?secret={secret}")
        assert secret not in "".join(traceback.format_exception(failed.value))
    assert secret not in caplog.text


async def test_a_session_that_was_passed_in_stays_open(peer):
    peer.answers = [(200, {}, b"")]
    async with aiohttp.ClientSession() as session:
        async with http.Caller([peer.url], session=session) as caller:
            await caller.send("GET", "/", headers=_headers, repeatable=True)
        assert not session.closed


async def test_an_own_session_ends_with_the_caller(peer):
    caller = http.Caller([peer.url])
    await caller.open()
    await caller.close()
    with pytest.raises(RuntimeError, match="not open"):
        await caller.send("GET", "/", headers=_headers, repeatable=True)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
async def test_a_dropped_request_is_not_repeated_behind_our_back(peer, method):
    """aiohttp repeats a GET once by itself; a sign-in code was then spent twice and its answer read "used before"."""
    peer.answers = [(200, {}, b""), "drop"]
    async with http.Caller([peer.url]) as caller:
        await caller.send(method, "/", headers=_headers, repeatable=False)
        with pytest.raises(http.NoAnswer) as failed:
            await caller.send(method, "/", headers=_headers, repeatable=False)
    assert failed.value.maybe_executed
    assert len(peer.received) == 2
