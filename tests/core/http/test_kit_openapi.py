"""The OpenAPI document says what the door does, and the page shows it."""

import asyncio
import json
import threading

import pytest
import schemathesis
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, given, settings
from kit_example_door import API, OutOfStock, door, open_client, signed_in
from openapi_spec_validator import OpenAPIV31SpecValidator
from playwright.sync_api import sync_playwright
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core import http as kit
from tests import browser


def test_the_document_is_valid_openapi_31_and_always_the_same():
    document = kit.openapi(API)
    OpenAPIV31SpecValidator(document).validate()
    assert json.dumps(document) == json.dumps(kit.openapi(API))


async def test_the_door_serves_its_document():
    async with open_client() as client:
        response = await client.get("/api/v1/openapi.json")
        assert await response.json() == kit.openapi(API)


def test_every_declared_refusal_and_the_common_ones_are_listed_under_their_status():
    placing = kit.openapi(API)["paths"]["/api/v1/orders"]["post"]["responses"]

    def codes(status):
        return placing[str(status)]["content"]["application/json"]["schema"]["properties"]["code"]["enum"]

    assert {int(status) for status in placing} == {201, 400, 401, 409, 413, 415, 422, 429, 500, 503}
    assert codes(409) == [OutOfStock.code]
    assert codes(401) == ["expired_token", "invalid_token", "unauthenticated"]
    assert codes(422) == ["idempotency_key_required", "invalid_idempotency_key", "invalid_request"]
    assert codes(429) == ["too_many_requests"]
    told = placing["429"]["content"]["application/json"]["examples"]["too_many_requests"]["value"]
    assert told["message"] == "操作太频繁，请 ⟨retry_after_s⟩ 秒后再试"
    assert "请先登录 · Please sign in first" in placing["401"]["description"]


def test_operations_have_names_summaries_parameters_and_security():
    paths = kit.openapi(API)["paths"]
    placing, listing = paths["/api/v1/orders"]["post"], paths["/api/v1/orders"]["get"]
    assert placing["operationId"] == "kit_example_door_place"
    assert placing["summary"] == "下单 · Place an order"
    assert placing["security"] == [{"customer": []}]
    assert listing["security"] == []
    assert [parameter["name"] for parameter in placing["parameters"]] == ["Idempotency-Key"]
    limits = {parameter["name"]: parameter["schema"] for parameter in listing["parameters"]}
    assert limits["limit"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
    assert limits["cursor"] == {"type": "string", "maxLength": 512}
    assert limits["state"]["type"] == "array"
    (number,) = paths["/api/v1/numbers/{number}"]["get"]["parameters"]
    assert number["schema"] == {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}


def test_a_field_called_title_stays_in_the_document():
    class Message(kit.Answer):
        title: str

    async def one() -> Message:
        return Message(title="t")

    route = kit.get("/m", one, summary=("消息", "Message"), answer=Message)
    document = kit.openapi(kit.Api(title=("甲", "A"), version="1", prefix="/a", routes=(route,)))
    assert document["components"]["schemas"]["Message"]["properties"] == {"title": {"type": "string"}}


@pytest.fixture
def served():
    """The example door on a loop of its own thread; its address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(30)

    async def start():
        limits = kit.Limits(per_address=None, per_caller=None)
        server = TestServer(kit.root([door(limits=limits)]))
        await server.start_server()
        return server

    server = run(start())
    yield str(server.make_url("")).rstrip("/")
    run(server.close())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_fuzzing_from_the_document_finds_no_fault_of_ours(served, mode):
    schema = schemathesis.openapi.from_url(f"{served}/api/v1/openapi.json")
    statuses = set()

    @settings(
        max_examples=150,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=schema.as_strategy(generation_mode=mode))
    def attack(case):
        response = case.call(headers=signed_in())
        statuses.add(response.status_code)
        case.validate_response(
            response,
            checks=[
                not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_schema_conformance,
            ],
        )

    attack()
    assert statuses & {200, 201} if mode is GenerationMode.POSITIVE else 422 in statuses


@pytest.mark.browser
def test_the_docs_page_shows_the_operations_and_loads_nothing_from_elsewhere(served, tmp_path):
    chromium = browser.needed()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=browser.ARGUMENTS)
        page = running.new_page(viewport={"width": 1300, "height": 1000})
        asked, complaints = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{served}/docs")
        page.get_by_text("下单 · Place an order").first.click()
        page.get_by_text("Idempotency-Key").first.wait_for()
        page.screenshot(path=tmp_path / "docs.png")
        running.close()
    assert all(url.startswith((served, "data:")) for url in asked), asked
    assert complaints == []
