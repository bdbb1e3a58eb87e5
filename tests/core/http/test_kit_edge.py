"""What every response carries, what the log says, and what does not leak."""

import io
import json
import logging

import pytest
from aiohttp import web
from kit_example_door import FALLING, TOKENS, door, open_client, signed_in

from core import http as kit
from core import words
from core.http import addresses, logs, problems


@pytest.fixture
def lines():
    """The JSON lines that were logged."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(kit.JsonLines())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


async def test_a_sane_request_id_is_kept_and_others_are_replaced():
    async with open_client() as client:
        response = await client.get("/nix", headers={"X-Request-ID": "front-end.42_A"})
        assert response.headers["X-Request-ID"] == "front-end.42_A"
        assert (await response.json())["request_id"] == "front-end.42_A"
        for wrong in ("short", "x" * 65, "with space here", "<script>alert(1)", "13800138000"):
            response = await client.get("/api/v1/numbers/1", headers={"X-Request-ID": wrong})
            assert len(response.headers["X-Request-ID"]) == 24


async def test_a_fault_of_ours_is_logged_under_the_request_id_and_tells_the_client_nothing(lines):
    async with open_client(kit.build(FALLING)) as client:
        response = await client.get("/falling/v1/falls/broken", headers={"X-Request-ID": "request-0042"})
        text = await response.text()
    assert response.status == 500
    assert json.loads(text)["code"] == "internal_error"
    assert "not for clients" not in text and "RuntimeError" not in text
    (fault,) = [line for line in lines() if line["level"] == "error"]
    assert fault["request_id"] == "request-0042"
    assert "RuntimeError: not for clients: Bearer *** for 1********** at broken" in fault["exception"]


async def test_a_refusal_the_route_does_not_list_is_answered_and_complained_about(lines):
    async with open_client(kit.build(FALLING)) as client:
        assert (await client.get("/falling/v1/falls/not_found")).status == 404
        assert (await client.get("/falling/v1/falls/conflict")).status == 409
    (complaint,) = [line for line in lines() if line["level"] == "warning"]
    assert complaint["message"].endswith("_fall refused with conflict, which its route does not list")


async def test_an_outage_is_answered_503_and_logged(lines):
    settings = kit.Edge(outages=(ConnectionRefusedError,))
    async with open_client(kit.build(FALLING), settings=settings) as client:
        response = await client.get("/falling/v1/falls/outage")
        assert (response.status, (await response.json())["code"]) == (503, "unavailable")
        assert "internal" not in await response.text()
    assert any(line["level"] == "error" for line in lines())


async def test_slow_work_is_broken_off():
    async with open_client(kit.build(FALLING, limits=kit.Limits(timeout_s=0.05))) as client:
        response = await client.get("/falling/v1/falls/slow")
        assert (response.status, (await response.json())["code"]) == (503, "timed_out")


async def test_each_request_is_one_line_with_the_template_and_without_secrets(lines):
    async with open_client() as client:
        token = TOKENS.issue("17").token
        await client.delete(
            "/api/v1/numbers/13800138000",
            headers={"Authorization": f"Bearer {token}", "X-Request-ID": "request-0001"},
        )
        await client.get("/nix/13800138000?token=abc")
    first, second = [line for line in lines() if line["logger"] == "yucun.access"]
    assert first.pop("duration_ms") > 0
    assert first.pop("time").endswith("+00:00")
    assert first == {
        "level": "info",
        "logger": "yucun.access",
        "message": "request",
        "request_id": "request-0001",
        "method": "DELETE",
        "route": "/api/v1/numbers/{number}",
        "status": 204,
        "caller": "customer:17",
    }
    assert (second["route"], second["status"], second["caller"]) == (None, 404, None)
    assert token not in str(lines()) and "13800138000" not in str(lines())


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("got eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", "got ***"),
        ("call 13912345678 now", "call 1********** now"),
        ("openid oABCDEFGHIJKLMNOPQRSTUVWXYZa gone", "openid o*** gone"),
        ('{"session_key": "k", "n": 1}', '{"session_key": "***", "n": 1}'),
        ("/x?access_token=AT_1&a=2", "/x?access_token=***&a=2"),
        (
            "order O2611231391234567890123 paid 139123456789",
            "order O2611231391234567890123 paid 139123456789",
        ),
    ],
)
def test_logs_mask_secrets_and_identities_and_keep_numbers_of_ours(text, kept):
    assert logs.masked(text) == kept


async def test_every_response_has_the_security_headers():
    async with open_client() as client:
        for response in (
            await client.get("/api/v1/numbers/1"),
            await client.get("/nix"),
            await client.post("/api/v1/orders"),
        ):
            headers = response.headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cache-Control"] == "no-store"
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
            assert "Strict-Transport-Security" not in headers
            assert "ython" not in headers["Server"]


async def test_browsers_are_told_to_stay_on_https_where_we_are_reached_by_it():
    async with open_client(settings=kit.Edge(public_url="https://shop.example.com")) as client:
        assert "Strict-Transport-Security" in (await client.get("/nix")).headers


async def test_trusted_origins_may_ask_and_others_are_not_named():
    async with open_client(door(origins=["https://h5.example.com"])) as client:
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        response = await client.options(
            "/api/v1/orders", headers={"Origin": "https://h5.example.com", **asked}
        )
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == "https://h5.example.com"
        assert response.headers["Access-Control-Allow-Methods"] == "GET, HEAD, POST"
        assert "Idempotency-Key" in response.headers["Access-Control-Allow-Headers"]

        for path in ("/api/v1/numbers/1", "/api/v1/numbers/x", "/api/v1/nix"):
            response = await client.get(path, headers={"Origin": "https://h5.example.com"})
            assert response.headers["Access-Control-Allow-Origin"] == "https://h5.example.com"
            assert (
                response.headers["Access-Control-Expose-Headers"]
                == "X-Request-ID, ETag, Retry-After, Content-Disposition"
            )
            assert "Origin" in response.headers["Vary"]

        for headers in ({"Origin": "https://evil.example.com", **asked}, {"Origin": "null", **asked}):
            response = await client.options("/api/v1/orders", headers=headers)
            assert response.status == 405
            assert "Access-Control-Allow-Origin" not in response.headers
        response = await client.get("/api/v1/numbers/1", headers={"Origin": "https://evil.example.com"})
        assert response.status == 200
        assert "Access-Control-Allow-Origin" not in response.headers
        assert "Origin" in response.headers["Vary"]
        assert "Access-Control-Allow-Origin" not in (await client.get("/api/v1/numbers/1")).headers


@pytest.mark.parametrize("wrong", [["h5.example.com"], ["https://a/b"], ["*", "https://a"], ["https://*.a"]])
def test_a_malformed_origin_is_refused_when_the_door_is_built(wrong):
    with pytest.raises(ValueError, match="origin"):
        door(origins=wrong)


async def test_other_applications_pass_the_same_edge_and_keep_their_own_headers():
    async def page(_request):
        return web.Response(text="<p>", headers={"Content-Security-Policy": "default-src 'self'"})

    async def elsewhere(_request):
        found = web.HTTPFound("/other/page")
        found.set_cookie("seen", "1", httponly=True)
        raise found

    async def broken(_request):
        raise KeyError("x")

    other = web.Application()
    other.router.add_get("/page", page)
    other.router.add_get("/elsewhere", elsewhere)
    other.router.add_get("/broken", broken)
    from aiohttp.test_utils import TestClient, TestServer

    async with TestClient(TestServer(kit.root([door()], others={"/other": other}))) as client:
        response = await client.get("/other/page")
        assert response.headers["Content-Security-Policy"] == "default-src 'self'"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert (await client.get("/other/elsewhere", allow_redirects=False)).headers[
            "Location"
        ] == "/other/page"
        assert (await client.get("/other/broken")).status == 500


def test_every_refusal_of_the_kit_has_its_sentences():
    for refusal in (*vars(problems).values(), *vars(__import__("core.http.tokens").http.tokens).values()):
        if isinstance(refusal, type) and issubclass(refusal, Exception) and hasattr(refusal, "code"):
            for locale in words.LOCALES:
                assert words.has(f"errors.{refusal.code}", locale), refusal
    assert words.keys("en") == words.keys("zh-CN")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # not a proxy of ours: its word counts nothing
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        (
            "10.0.0.1",
            "1.1.1.1, 198.51.100.1, 10.0.0.2",
            "198.51.100.1",
        ),  # what the client invented stays unread
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_client_behind_trusted_proxies_is_found(peer, forwarded, client):
    from aiohttp.test_utils import make_mocked_request

    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=peer)
    assert addresses.reader(["10.0.0.0/8"])(request) == client
    assert addresses.reader([])(request) == peer


def test_ipv6_clients_are_counted_by_the_network_they_choose_addresses_from():
    assert addresses.household("2001:db8:1:2:3::4") == "2001:db8:1:2::/64"
    assert addresses.household("::ffff:192.0.2.1") == "192.0.2.1"
    assert addresses.household("192.0.2.1") == "192.0.2.1"


async def test_signed_in_headers_are_needed_where_the_route_says_so():
    async with open_client() as client:
        response = await client.delete("/api/v1/numbers/7")
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="yucun"'
        for wrong in ("Basic abc", "Bearer", "Bearer a b", "Bearer nonsense", "nonsense"):
            response = await client.delete("/api/v1/numbers/7", headers={"Authorization": wrong})
            assert (response.status, (await response.json())["code"]) == (401, "invalid_token")
            assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
        assert (await client.delete("/api/v1/numbers/7", headers=signed_in())).status == 204


@pytest.mark.parametrize(
    ("peer", "headers", "trusted", "is_inside"),
    [
        ("127.0.0.1", {}, [], True),
        ("::1", {}, [], True),
        ("::ffff:127.0.0.1", {}, [], True),
        ("10.0.0.7", {}, [], False),
        ("10.0.0.7", {}, ["10.0.0.0/8"], True),
        ("203.0.113.9", {}, ["10.0.0.0/8"], False),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, [], False),  # a proxy missing in the settings
        ("127.0.0.1", {"Forwarded": "for=203.0.113.9"}, ["127.0.0.0/8"], False),
        ("10.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, ["10.0.0.0/8"], False),
        ("10.0.0.1", {"X-Forwarded-For": "127.0.0.1, 203.0.113.9"}, ["10.0.0.0/8"], False),  # invented
        ("10.0.0.1", {"X-Forwarded-For": "10.0.0.7"}, ["10.0.0.0/8"], True),
        ("10.0.0.1", {"X-Forwarded-For": "nonsense"}, ["10.0.0.0/8"], False),
    ],
)
def test_inside_is_who_really_comes_from_inside(peer, headers, trusted, is_inside):
    from aiohttp.test_utils import make_mocked_request

    request = make_mocked_request("GET", "/", headers=headers).clone(remote=peer)
    assert addresses.inside(trusted)(request) is is_inside
