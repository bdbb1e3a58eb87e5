"""Lists are taken away as files, made by a worker, as the operator who asked and with what they may see."""

import asyncio
import io
from datetime import timedelta

import openpyxl

import console
from app import doors
from core import clock, db
from members import acts, duties, list_exports, staff
from tests import factories


def work(world):
    return console.exporter(doors.operations(world.runtime))()


async def asked_for(browser, form, query="", key="k" * 32, operation="customers_listing"):
    page = await browser.get("/customers")
    sent = {"_csrf": page.hidden["_csrf"], "_key": key, "operation": operation, "query": query, "form": form}
    return await browser.post("/exports", sent)


async def test_a_list_becomes_a_file_with_its_filters_and_columns(world, hired):
    browser = await hired()
    for number in range(230):
        await factories.customer(f"林{number}")
    await factories.customer("=cmd|' /C calc'!A0")
    await factories.customer("王小明")
    page = await asked_for(browser, "csv", "columns=name&columns=alert_below_fen")
    assert page.status == 200 and "排队中" in page.words
    assert await work(world) == 1
    page = await browser.get("/exports")
    assert "已完成 · 232 行" in page.words
    shown = await acts.page(acts.Wanted(kind="read"))
    assert [len(act.customer_ids) for act in shown if act.request_id == "export-1"] == [32, 100, 100]
    (export,) = await list_exports.page(1)
    text = (await browser.get(f"/exports/{export.id}/file")).text
    lines = text.lstrip("\ufeff").splitlines()
    assert len(lines) == 233 and lines[0].split(",")[0] == "姓名"
    assert any(line.startswith("'=cmd") or line.startswith("\"'=cmd") for line in lines)
    await asked_for(browser, "xlsx", "query=王小明&columns=id&columns=name", key="x" * 32)
    await work(world)
    export = (await list_exports.page(1))[0]
    async with browser.session.get(f"{browser.base}/exports/{export.id}/file") as answer:
        book = openpyxl.load_workbook(io.BytesIO(await answer.read()))
    assert [row[1] for row in book.active.iter_rows(values_only=True)] == ["姓名", "王小明"]


async def test_the_same_form_twice_is_one_file_and_few_wait_at_once(world, hired):
    browser = await hired()
    await asyncio.gather(*(asked_for(browser, "csv") for _ in range(4)))
    assert len(await list_exports.page(1)) == 1
    answers = await asyncio.gather(*(asked_for(browser, "csv", key=f"{number}" * 32) for number in range(6)))
    assert sorted(page.status for page in answers) == [200, 200, 409, 409, 409, 409]
    assert await work(world) == list_exports.MOST_WAITING


async def test_who_may_no_longer_see_it_gets_no_file_and_others_never(world, hired):
    browser = await hired(login="zhou")
    await hired(login="boss")
    await asked_for(browser, "csv")
    await staff.post(1, 1, [duties.Post("clerk")])
    assert await work(world) == 1
    (export,) = await list_exports.page(1)
    assert (export.state, export.fault, export.rows) == ("failed", "not_your_duty", 0)
    other = await hired(login="li")
    await asked_for(other, "csv", key="l" * 32)
    await work(world)
    (export,) = await list_exports.page(3)
    assert (await other.get(f"/exports/{export.id}/file")).status == 200
    assert (await browser.get(f"/exports/{export.id}/file")).status == 404
    await staff.post(3, 3, [duties.Post("clerk")])
    assert (await other.get(f"/exports/{export.id}/file")).status == 403


async def test_a_worker_that_died_leaves_its_file_to_the_next(world, hired):
    browser = await hired()
    await asked_for(browser, "csv")
    first = await list_exports.claim()
    assert await list_exports.claim() is None
    pieces = list_exports.Pieces(first)
    await pieces.write(b"half of it" * 100_000)
    clock.set_offset(list_exports.LEASE + timedelta(seconds=1))
    assert await work(world) == 1
    assert await list_exports.wrote(first, 1) is False
    await pieces.finish()  # woken up again: nothing of it counts
    (export,) = await list_exports.page(1)
    whole = b"".join([piece async for piece in list_exports.content(export)])
    assert export.state == "done" and export.size == len(whole) and b"half of it" not in whole


async def test_a_cancelled_file_is_not_made_and_old_ones_are_dropped(world, hired):
    browser = await hired()
    page = await asked_for(browser, "csv")
    await browser.post("/exports/1/cancel", {"_csrf": page.hidden["_csrf"]})
    assert await work(world) == 0
    await asked_for(browser, "csv", key="z" * 32)
    await work(world)
    assert [one.state for one in await list_exports.page(1)] == ["done", "cancelled"]
    clock.set_offset(list_exports.KEPT + timedelta(minutes=1))
    await work(world)
    assert await list_exports.page(1) == []
    assert await db.fetchval("SELECT count(*) FROM list_export_piece") == 0


async def test_views_are_kept_by_name_and_are_ones_own(hired):
    browser = await hired(login="zhou")
    page = await browser.get("/customers?query=lin&columns=name")
    sent = {"_csrf": page.hidden["_csrf"], "operation": "customers_listing", "back": "/console/customers"}
    await browser.post("/views", {**sent, "name": "林家", "query": "query=lin&columns=name"})
    page = await browser.post("/views", {**sent, "name": "林家", "query": "query=林"})
    assert page.words.count("林家") == 1 and "query=%E6%9E%97" in page.text
    other = await hired(login="li")
    assert "林家" not in (await other.get("/customers")).words
    foreign = (await other.get("/customers")).hidden["_csrf"]
    await other.post("/views/1/drop", {"_csrf": foreign, "back": "https://evil.example/"})
    assert "林家" in (await browser.get("/customers")).words
    await browser.post("/views/1/drop", {"_csrf": page.hidden["_csrf"], "back": "/console/customers"})
    assert "林家" not in (await browser.get("/customers")).words
