"""Files are sent after the handler has answered: long ones outlive its time limit, and nobody works on for a client who left."""

import asyncio

from aiohttp.test_utils import TestClient, TestServer

from core import http as kit


def door(body):
    async def file(locale: str) -> object:
        return kit.download(body(), name="明细.csv", media_type=kit.CSV, locale=locale)

    api = kit.Api(
        title=("门", "Door"),
        version="1",
        prefix="/d",
        routes=(kit.get("/file", file, summary=("文件", "A file"), file=kit.CSV),),
    )
    return api, TestClient(TestServer(kit.root([kit.build(api, limits=kit.Limits(timeout_s=0.2))])))


async def test_a_file_may_take_longer_than_its_handler(caplog):
    async def slow():
        for _ in range(4):
            await asyncio.sleep(0.1)
            yield b"a,b\r\n"

    api, client = door(slow)
    async with client:
        answer = await client.get("/d/file", headers={"Accept-Language": "en"})
        assert (answer.status, await answer.read()) == (200, b"a,b\r\n" * 4)
        assert answer.headers["Content-Language"] == "en" and "X-Request-ID" in answer.headers
        assert (await client.head("/d/file")).status == 200
    content = kit.openapi(api)["paths"]["/d/file"]["get"]["responses"]["200"]
    assert list(content["content"]) == [kit.CSV] and "Content-Disposition" in content["headers"]


async def test_a_fault_in_the_middle_of_a_file_does_not_look_like_its_end():
    async def broken():
        yield b"a,b\r\n"
        raise LookupError("the database went away")

    _, client = door(broken)
    async with client:
        answer = await client.get("/d/file")
        try:
            await answer.read()
        except Exception as error:
            assert "payload" in str(error).lower() or "closed" in str(error).lower(), repr(error)
        else:
            raise AssertionError("the client took half a file for a whole one")


async def test_a_client_who_leaves_stops_the_work():
    ended = asyncio.Event()

    async def endless():
        try:
            while True:
                yield b"x" * 65536
                await asyncio.sleep(0)
        finally:
            ended.set()

    _, client = door(endless)
    async with client:
        answer = await client.get("/d/file")
        await answer.content.readany()
        answer.close()
        await asyncio.wait_for(ended.wait(), 10)
