"""Reconciliation over HTTP: a bill brought by hand, differences looked after and decided on, the day closed, the report taken away."""

import io
from datetime import timedelta

import openpyxl

from core import clock
from reconciliation import daily, days, report_files
from tests.gateways import bill_files
from tests.world import Answer


async def paid(world, amount_fen=1_000):
    """A customer who topped up through WeChat Pay, with the trade as the sandbox has it."""
    phone = await world.arrive()
    started = await phone.post(
        "/top-ups", {"amount_fen": amount_fen, "channel": "wechat_pay", "method": "jsapi"}
    )
    assert started.status == 201, started
    await phone.pay(started.body["payment"])
    await world.quiet()
    return phone


async def upload(world, desk, day, content, **query):
    url = f"{world.url}/admin/v1/reconciliation/days/wechat_pay/{day}/bill"
    headers = {"Authorization": f"Bearer {desk.token}", "Content-Type": "application/octet-stream"}
    async with world.http.post(url, data=content, headers=headers, params=query) as answer:
        return Answer(answer.status, await answer.json(content_type=None), answer.headers)


async def file(world, desk, path):
    headers = {"Authorization": f"Bearer {desk.token}"}
    async with world.http.get(f"{world.url}/admin/v1{path}", headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.read()


async def test_a_day_of_the_sandbox_is_fetched_compared_and_closed_by_the_clock(world):
    await paid(world, 1_000)
    await paid(world, 2_500)
    withdrawn = await world.http.post(
        f"{world.sandbox.platform_url}/world/withdrawals", json={"channel": "wechat_pay", "amount_fen": 1_234}
    )
    assert withdrawn.status == 201
    now = clock.now().astimezone(days.reading.BEIJING)
    on = now.date()
    # To noon of the next day: the clock's first turn makes the day before known, and none before that.
    world.advance(hours=36 - now.hour)
    await daily.run(world.runtime.outside.channels)
    desk = await world.operator()
    day = (await desk.get(f"/reconciliation/days/wechat_pay/{on}")).body
    assert (day["day"]["state"], day["day"]["closed_by"]) == ("closed", "clock"), day
    theirs, ours = day["report"]["theirs"], day["report"]["ours"]
    assert theirs == ours == {"payments": 2, "payment_fen": 3_500, "refunds": 0, "refund_fen": 0}
    assert day["report"]["fee_fen"] * 1000 == day["report"]["fee_milli"] > 0
    acts = [one["act"] for one in day["history"]]
    assert acts == ["bill_imported", "funds_imported", "compared", "closed"]
    moved, fee_fen = day["report"]["funds"], day["report"]["fee_fen"]
    assert (moved["adds_up"], moved["withdrawal_fen"], moved["payment_fen"]) == (True, -1_234, 3_500)
    assert moved["closing_fen"] == moved["opening_fen"] + 3_500 - fee_fen - 1_234
    assert day["progress"] is None


async def test_a_bill_brought_by_hand_its_difference_decided_on_and_the_report_taken_away(world, monkeypatch):
    # Two in the morning: throughout the channel has no bills of the day yet that would contradict the one brought by hand.
    world.advance(hours=(26 - clock.now().astimezone(days.reading.BEIJING).hour) % 24)
    await paid(world)
    desk = await world.operator()
    on = clock.now().astimezone(days.reading.BEIJING).date()
    early = await upload(world, desk, on, b"x")
    assert early.code == "reconciliation_day_not_over", early
    world.advance(days=1, hours=1)
    desk = await world.operator("second")  # sessions last half a day
    merchant_id = world.runtime.outside.channels.find("wechat_pay").merchant_id
    content = bill_files.wechat([bill_files.Row("=cmd()", 55, at=f"{on} 12:00:00", merchant_id=merchant_id)])
    wrong = await upload(world, desk, on, content[:-60])
    assert wrong.code == "bill_file_unreadable", wrong
    taken = await upload(world, desk, on, content)
    assert (taken.status, taken.body["is_new"], taken.body["day"]["state"]) == (201, True, "imported"), taken
    assert (await upload(world, desk, on, content)).body["is_new"] is False
    other = bill_files.wechat([])
    assert (await upload(world, desk, on, other)).code == "another_bill"
    for _ in range(4):
        await daily.run(world.runtime.outside.channels)
        world.advance(minutes=30)
    found = await desk.all("/differences")
    assert sorted((one["kind"], one["state"]) for one in found) == [
        ("missing_here", "open"),
        ("missing_there", "open"),
    ], found
    early_close = await desk.post(f"/reconciliation/days/wechat_pay/{on}/close")
    assert (early_close.status, early_close.code) == (409, "day_not_explained")
    for one in found:
        number = one["difference_no"]
        assert (await desk.post(f"/differences/{number}/owner", {"owner_id": 1})).body["owner_id"] == 1
        assert (await desk.post(f"/differences/{number}/remark", {"remark": "=1+1"})).body["remark"] == "=1+1"
        done = await desk.post(
            f"/differences/{number}/resolution", {"resolution": "ignore", "reason": "演示数据"}
        )
        assert done.body["difference"]["state"] == "resolved", done
    told = (await desk.get(f"/differences/{found[0]['difference_no']}")).body["history"]
    assert [one["act"] for one in told][-3:] == ["assigned", "remarked", "resolved"]
    closed = await desk.post(f"/reconciliation/days/wechat_pay/{on}/close")
    assert closed.body["state"] == "closed", closed
    opened = await desk.post(f"/reconciliation/days/wechat_pay/{on}/reopen", {"reason": "复查"})
    assert opened.body["state"] == "imported"
    assert (await desk.post(f"/reconciliation/days/wechat_pay/{on}/rerun")).status == 200
    (line,) = (await desk.get(f"/reconciliation/report?from={on}&to={on}&channel=wechat_pay")).body["items"]
    assert (line["theirs"]["payments"], line["ours"]["payments"], line["differences"]) == (1, 1, 2)
    csv = await file(world, desk, f"/reconciliation/report.csv?from={on}&to={on}")
    assert csv.startswith(b"\xef\xbb\xbf") and str(on).encode() in csv
    book = openpyxl.load_workbook(
        io.BytesIO(await file(world, desk, f"/reconciliation/report.xlsx?from={on}&to={on}"))
    )
    assert len(book.worksheets) == 2
    cells = [
        cell for row in book.worksheets[1].iter_rows() for cell in row if cell.value in ("=cmd()", "=1+1")
    ]
    assert cells and all(cell.data_type == "s" for cell in cells), (
        "what people write is text, never a formula"
    )
    monkeypatch.setattr(report_files, "MAX_LINES", 1)
    refused = await desk.get(f"/reconciliation/report.xlsx?from={on}&to={on}")
    assert (refused.status, refused.code) == (422, "too_many_differences"), refused
    late = await desk.get(f"/reconciliation/report?from={on - timedelta(days=100)}&to={on}")
    assert late.code == "period_too_long"


async def test_tables_of_rates_and_commissions(world):
    desk = await world.operator()
    phone = await world.arrive()
    await world.give(phone.customer_id, 30_000)
    made = await desk.post(f"/customers/{phone.customer_id}/bills", {"title": "学费", "amount_fen": 20_000})
    assert made.status == 201, made
    paid = await desk.post(f"/bills/{made.body['bill_no']}/pay")
    assert paid.status == 200, paid
    today = clock.today().isoformat()
    base = {"charge": "commission", "party": "代理·城东", "from_on": today}
    for more in (
        {"rate_ppm": 10_000},
        {"rate_ppm": 30_000, "above_fen": 15_000},
        {"rate_ppm": 500_000, "applies_to": "order"},
    ):
        added = await desk.post("/rates", {**base, **more})
        assert added.status == 201, added
    assert (await desk.post("/rates", {**base})).code == "rate_not_usable"
    (total,) = (await desk.get(f"/commissions?from={today}&to={today}")).body["items"]
    assert total == {"party": "代理·城东", "bills": 1, "amount_fen": 20_000, "commission_fen": 600}
    (line,) = (await desk.get(f"/commissions/bills?from={today}&to={today}&party=代理·城东")).body["items"]
    assert (line["bill_no"], line["commission_fen"]) == (made.body["bill_no"], 600)
    (rate, *_) = (await desk.get("/rates?charge=commission")).body["items"]
    ended = await desk.post(f"/rates/{rate['id']}/end", {"until_on": today})
    assert ended.body["until_on"] == today
