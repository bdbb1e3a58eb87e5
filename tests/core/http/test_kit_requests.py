"""What handlers are given, and what clients are told when they send something wrong."""

import gzip
import json

import pytest
from kit_example_door import FALLING, Shop, door, open_client, signed_in

from core import errors
from core import http as kit
from core.http import problems

KEY = {"Idempotency-Key": "attempt-0001"}
LINE = {"sku_id": 1, "quantity": 2}


async def place(client, body=None, **changed):
    headers = {**signed_in(), **KEY, "Content-Type": "application/json", **changed.pop("headers", {})}
    headers = {name: value for name, value in headers.items() if value is not None}
    raw = body if isinstance(body, bytes) else json.dumps({"lines": [LINE]} if body is None else body)
    return await client.post("/api/v1/orders", data=raw, headers=headers, **changed)


async def refused(response, status, code):
    problem = await response.json()
    assert (response.status, problem["code"]) == (status, code), problem
    assert set(problem) == {"code", "message", "message_en", "params", "request_id"}
    assert problem["request_id"] == response.headers["X-Request-ID"]
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    return problem


async def test_a_handler_gets_body_caller_key_and_services():
    shop = Shop("小店", {})
    async with open_client(door(services=shop)) as client:
        response = await place(client)
        assert response.status == 201
        assert await response.json() == {
            "order_no": "attempt-0001",
            "total_fen": 100,
            "placed_at": "2026-11-23T00:00:00Z",
        }
    assert list(shop.placed) == ["attempt-0001"]


async def test_a_handler_gets_typed_path_parts_locale_and_request():
    async with open_client() as client:
        assert await (await client.get("/api/v1/numbers/42")).json() == {"told": "42"}
        told = await client.get("/api/v1/names/%E5%BC%A0%E4%B8%89", headers={"Accept-Language": "en-GB"})
        assert await told.json() == {"told": "张三 en GET"}


async def test_a_route_without_an_answer_gives_204_and_no_body():
    async with open_client() as client:
        response = await client.delete("/api/v1/numbers/7", headers=signed_in())
        assert (response.status, await response.read()) == (204, b"")


async def test_head_is_answered_like_get_without_the_body():
    async with open_client() as client:
        response = await client.head("/api/v1/numbers/42")
        assert (response.status, await response.read()) == (200, b"")


async def test_all_faults_of_a_body_are_told_at_once_and_no_value_is_echoed():
    async with open_client() as client:
        body = {"lines": [{"sku_id": "hunter2", "quantity": 0}, {}], "note": "x" * 201, "password": "hunter2"}
        problem = await refused(await place(client, body), 422, "invalid_request")
    found = {(tuple(fault["location"]), fault["type"]) for fault in problem["params"]["faults"]}
    assert found == {
        (("body", "lines", 0, "sku_id"), "int_type"),
        (("body", "lines", 0, "quantity"), "greater_than_equal"),
        (("body", "lines", 1, "sku_id"), "missing"),
        (("body", "lines", 1, "quantity"), "missing"),
        (("body", "note"), "string_too_long"),
        (("body", "password"), "extra_forbidden"),
    }
    assert "hunter2" not in json.dumps(problem)
    told = {fault["type"]: (fault["message"], fault["message_en"]) for fault in problem["params"]["faults"]}
    assert told["greater_than_equal"] == ("不得小于 1", "Must be at least 1")


async def test_of_words_there_are_all_are_told_as_the_language_joins_them():
    async with open_client() as client:
        body = {"lines": [{"sku_id": 1, "quantity": 1}], "channel": "cash"}
        problem = await refused(await place(client, body), 422, "invalid_request")
    (fault,) = problem["params"]["faults"]
    assert (fault["message"], fault["message_en"]) == (
        "须为 wechat_pay 或 alipay",
        "Must be wechat_pay or alipay",
    )
    told = [
        problems.fault("query", ("order",), "enum", locale, {"expected": said})["message"]
        for said in ("'newest', 'sales' or 'cheapest'", "'balance'")
        for locale in ("zh-CN", "en")
    ]
    assert told == [
        "须为 newest、sales 或 cheapest",
        "Must be newest, sales or cheapest",
        "须为 balance",
        "Must be balance",
    ]


async def test_the_number_of_told_faults_is_limited():
    async with open_client() as client:
        body = {f"unknown_{number}": 1 for number in range(500)}
        problem = await refused(await place(client, body), 422, "invalid_request")
        assert len(problem["params"]["faults"]) == 50


@pytest.mark.parametrize("quantity", [True, "2", 2.5, 1e30, 10**30, None, -(2**63) - 1])
async def test_only_integers_in_range_are_integers(quantity):
    async with open_client() as client:
        body = {"lines": [{"sku_id": 1, "quantity": quantity}]}
        await refused(await place(client, body), 422, "invalid_request")


@pytest.mark.parametrize("note", ["a\0b", "a\nb", "\x7f"])
async def test_control_characters_in_a_line_of_text_are_refused(note):
    async with open_client() as client:
        await refused(await place(client, {"lines": [LINE], "note": note}), 422, "invalid_request")


async def test_ids_beyond_bigint_are_refused_in_bodies_and_unknown_in_paths():
    async with open_client() as client:
        body = {"lines": [{"sku_id": 2**63, "quantity": 1}]}
        await refused(await place(client, body), 422, "invalid_request")
        assert (await client.get(f"/api/v1/numbers/{2**63 - 1}")).status == 200
        for number in (2**63, 10**18 * 99, 0, -1, "+1", "1.0", "１", "x", "1%00"):
            await refused(await client.get(f"/api/v1/numbers/{number}"), 404, "not_found")


async def test_nul_in_paths_and_queries_never_reaches_a_handler():
    async with open_client() as client:
        await refused(await client.get("/api/v1/names/a%00b"), 404, "not_found")
        await refused(await client.get("/api/v1/orders?search=a%00b"), 422, "invalid_request")
        await refused(await client.get("/api/v1/orders?state=a&state=%00"), 422, "invalid_request")
        await refused(await client.get("/api/v1/orders?%00=1"), 422, "invalid_request")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"lines": [}',
        b"\xff\xfe{}",
        b'{"note": "\\ud800"}',
        b"[" * 100_000,
        b'{"a": "\0"}',
    ],
)
async def test_what_is_not_json_is_called_malformed(raw):
    async with open_client() as client:
        await refused(await place(client, raw), 400, "malformed_json")


@pytest.mark.parametrize("raw", [b"[]", b"1", b"null", b'"text"'])
async def test_json_of_another_shape_is_invalid(raw):
    async with open_client() as client:
        await refused(await place(client, raw), 422, "invalid_request")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=gbk"},
        {"Content-Type": "nonsense"},
    ],
)
async def test_bodies_not_announced_as_utf8_json_are_unsupported(headers):
    async with open_client() as client:
        answer = await place(client, headers=headers)
        assert (await answer.json())["params"] == {"expected": "application/json; charset=utf-8"}
        await refused(answer, 415, "unsupported_media_type")


async def test_json_under_a_vendor_name_is_json():
    async with open_client() as client:
        response = await place(client, headers={"Content-Type": "application/vnd.shop+json; charset=UTF-8"})
        assert response.status == 201


async def test_compressed_bodies_are_unsupported():
    async with open_client() as client:
        raw = gzip.compress(json.dumps({"lines": [LINE]}).encode())
        await refused(
            await place(client, raw, headers={"Content-Encoding": "gzip"}), 415, "unsupported_media_type"
        )


async def test_a_body_over_the_limit_is_refused_announced_or_not():
    async def chunks():
        for _ in range(80):
            yield b" " * 4096

    async with open_client() as client:
        problem = await refused(await place(client, b" " * (256 * 1024 + 1)), 413, "request_too_large")
        assert problem["params"] == {"limit_bytes": 256 * 1024}
        headers = {**signed_in(), **KEY, "Content-Type": "application/json"}
        response = await client.post("/api/v1/orders", data=chunks(), headers=headers)
        await refused(response, 413, "request_too_large")


async def test_a_body_at_the_limit_is_taken_also_above_the_servers_own_default():
    async with open_client(door(limits=kit.Limits(body_bytes=2 * 1024 * 1024))) as client:
        raw = json.dumps({"lines": [LINE]}).encode().ljust(2 * 1024 * 1024)
        assert (await place(client, raw)).status == 201


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency_key_required"),
        ("", "invalid_idempotency_key"),
        ("short", "invalid_idempotency_key"),
        ("x" * 65, "invalid_idempotency_key"),
        ("with space", "invalid_idempotency_key"),
        ("中文中文中文中文", "invalid_idempotency_key"),
    ],
)
async def test_the_idempotency_key_is_required_and_checked(key, code):
    async with open_client() as client:
        await refused(await place(client, headers={"Idempotency-Key": key}), 422, code)


async def test_unknown_paths_and_methods_are_problems_everywhere():
    async with open_client() as client:
        for path in ("/", "/nowhere", "/api/v1", "/api/v1/", "/api/v1/nowhere", "/api/v1x", "/docs/nowhere"):
            await refused(await client.get(path), 404, "not_found")
        response = await client.put("/api/v1/orders")
        await refused(response, 405, "method_not_allowed")
        assert response.headers["Allow"] == "GET, HEAD, POST"


async def test_queries_have_no_unknown_and_no_doubled_names_but_lists_repeat():
    async with open_client() as client:
        assert (await client.get("/api/v1/orders?state=a&state=b")).status == 200
        for query in (
            "nix=1",
            "limit=1&limit=2",
            "limit=101",
            "limit=0",
            "limit=x",
            "state=a&state=b&state=c&state=d",
        ):
            await refused(await client.get(f"/api/v1/orders?{query}"), 422, "invalid_request")


async def test_pages_continue_after_their_cursor_until_there_is_none():
    async with open_client() as client:
        seen, cursor, sizes = [], None, []
        while True:
            page = await (
                await client.get("/api/v1/orders", params={"cursor": cursor} if cursor else {})
            ).json()
            seen += [row["order_no"] for row in page["items"]]
            sizes.append(len(page["items"]))
            if (cursor := page["next_cursor"]) is None:
                break
    assert sizes == [20, 20, 5]
    assert seen == [f"O{number}" for number in range(1, 46)]


async def test_a_changed_cursor_is_refused():
    async with open_client() as client:
        cursor = (await (await client.get("/api/v1/orders")).json())["next_cursor"]
        changed = [cursor[:-1], cursor + "A", "A" + cursor[1:], cursor[:-1] + "~", "x", "%00", "中", "", "="]
        for wrong in changed:
            response = await client.get("/api/v1/orders", params={"cursor": wrong})
            await refused(response, 422, "invalid_cursor")


@pytest.mark.parametrize("position", ["text", [1, 2], 2**63, None, 1.5, {"a": 1}])
def test_a_cursor_of_another_list_is_refused(position):
    from core.http import pages

    with pytest.raises(errors.Invalid) as refusal:
        kit.PageQuery(cursor=pages.cursor_at(position)).after(int)
    assert refusal.value.code == "invalid_cursor"


async def test_a_door_is_not_built_from_a_handler_it_cannot_serve():
    async def unlimited(number: int, query: kit.PageQuery, wish: str) -> None: ...

    async def careless(body: dict[str, list[str]]) -> None: ...

    async def greedy(caller: object) -> None: ...

    async def keyless() -> None: ...

    async def fine() -> None: ...

    def api(*routes):
        return kit.Api(title=("甲", "A"), version="1", prefix="/a", routes=routes)

    said = ("说", "Say")
    wrong = {
        "wish": kit.get("/x/{number}", unlimited, summary=said),
        r"body takes .*\[\]": kit.post("/x", careless, summary=said),
        "no auth": kit.get("/x", greedy, summary=said),
        "go together": kit.post("/x", keyless, summary=said, idempotent=True),
        "does not take": kit.get("/x/{number}", fine, summary=said),
    }
    for why, route in wrong.items():
        with pytest.raises(TypeError, match=why):
            kit.build(api(route))
    with pytest.raises(ValueError, match="same name"):
        kit.build(api(kit.get("/x", fine, summary=said), kit.get("/y", fine, summary=said)))
    with pytest.raises(TypeError, match="authenticate"):
        kit.build(api(kit.get("/x", fine, summary=said, auth=kit.Bearer("b", said))))


async def test_kinds_of_refusals_have_their_statuses():
    statuses = {
        "not_found": 404,
        "conflict": 409,
        "forbidden": 403,
        "unauthenticated": 401,
        "unavailable": 503,
    }
    async with open_client(kit.build(FALLING)) as client:
        for kind, status in statuses.items():
            await refused(await client.get(f"/falling/v1/falls/{kind}"), status, kind)
        await refused(await client.get("/falling/v1/falls/invalid"), 422, "invalid_request")


async def test_problems_speak_the_clients_language():
    async with open_client() as client:
        for header, locale, message in (
            (None, "zh-CN", "没有找到您要的内容"),
            ("en", "en", "We could not find what you asked for"),
            ("en-US,en;q=0.9,zh-CN;q=0.8", "en", "We could not find what you asked for"),
            ("zh-TW, en;q=0.5", "zh-CN", "没有找到您要的内容"),
            ("fr, *;q=0.1", "zh-CN", "没有找到您要的内容"),
            ("fr", "zh-CN", "没有找到您要的内容"),
            ("en;q=nonsense, ;;;,=", "zh-CN", "没有找到您要的内容"),
        ):
            response = await client.get("/nix", headers={"Accept-Language": header} if header else {})
            problem = await response.json()
            assert problem["message"] == message, header
            assert problem["message_en"] == "We could not find what you asked for"
            assert response.headers["Content-Language"] == locale
