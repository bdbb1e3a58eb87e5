import csv
import io
from datetime import timedelta
from urllib.parse import unquote

import openpyxl
import pytest

from billing import statement_files
from core import clock
from members import customers
from tests import factories


async def download(client, path, *, locale=None):
    """(response headers, bytes) of a file."""
    headers = {"Authorization": f"Bearer {client.token}", **({"Accept-Language": locale} if locale else {})}
    async with client._http.get(f"{client._url}{path}", headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return answer.headers, await answer.read()


def days(first=-1, last=0):
    today = clock.today()
    return f"from={today + timedelta(days=first)}&to={today + timedelta(days=last)}"


async def story(world):
    """A customer with a top-up with bonus, an order, and a correction whose reason would like to be a formula."""
    phone, sku_id = await world.arrive(), await world.sku(price_fen=2_801)
    await factories.topped_up(phone.customer_id, 20_000, 2_000)
    order = (await phone.post("/orders", {"lines": [{"sku_id": sku_id, "quantity": 1}]})).body
    assert (await phone.post(f"/orders/{order['order_no']}/pay")).status == 200
    desk = await world.operator()
    body = {"kind": "principal", "amount_fen": -7, "reason": "=HYPERLINK(\"http://x\",\"1\")"}  # fmt: skip
    assert (await desk.post(f"/customers/{phone.customer_id}/adjustments", body)).status == 201
    return phone, desk


async def test_a_statement_frames_the_changes_of_its_days(world):
    phone, _ = await story(world)
    body = (await phone.get(f"/account/statement?{days()}")).body
    assert body["opening"] == {"principal_fen": 0, "bonus_fen": 0, "balance_fen": 0}
    assert body["closing"]["balance_fen"] == (await phone.balance())["balance_fen"] == 19_192
    assert [line["balance_after_fen"] for line in body["items"]] == [22_000, 19_199, 19_192]
    assert [line["kind"] for line in body["items"]] == ["top_up", "bill_payment", "manual_adjustment"]
    assert "operator" not in body["items"][0] and body["next_cursor"] is None
    by_kind = {total.pop("kind"): total for total in body["totals"]}
    assert by_kind["bill_payment"] == {
        "lines": 1, "principal_fen": -801, "bonus_fen": -2_000, "amount_fen": -2_801
    }  # fmt: skip
    assert (body["from_on"], body["to_on"]) == (str(clock.today() - timedelta(days=1)), str(clock.today()))


async def test_pages_of_a_statement_repeat_its_frame_and_keep_out_what_came_later(world):
    phone = await world.arrive()
    for amount_fen in range(1, 6):
        await world.give(phone.customer_id, amount_fen)
    first = (await phone.get(f"/account/statement?{days()}&limit=2")).body
    await world.give(phone.customer_id, 100)
    seen, cursor = first["items"], first["next_cursor"]
    while cursor:
        page = (await phone.get(f"/account/statement?{days()}&limit=2&cursor={cursor}")).body
        assert {name: page[name] for name in ("opening", "closing", "totals")} == {
            name: first[name] for name in ("opening", "closing", "totals")
        }
        seen, cursor = seen + page["items"], page["next_cursor"]
    assert [line["principal_fen"] for line in seen] == [1, 2, 3, 4, 5]
    assert seen[-1]["balance_after_fen"] == first["closing"]["balance_fen"] == 15


async def test_days_are_the_shops_and_midnight_begins_one(world):
    phone, first_on = await world.arrive(), clock.today() + timedelta(days=1)
    for off in (timedelta(seconds=-30), timedelta(seconds=30)):
        clock.set_offset(timedelta())
        clock.set_offset(clock.start_of(first_on) + off - clock.now())
        await world.give(phone.customer_id, 100)
    eve_on = first_on - timedelta(days=1)
    old = (await phone.get(f"/account/statement?from={eve_on}&to={eve_on}")).body
    new = (await phone.get(f"/account/statement?from={first_on}&to={first_on}")).body
    assert [line["id"] for line in old["items"]] == [1] and [line["id"] for line in new["items"]] == [2]
    assert old["closing"] == new["opening"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from=2026-01-02&to=2026-01-01", "statement_days_reversed"),
        ("from=2900-01-01&to=2900-01-02", "statement_not_begun"),
        ("from=1999-12-31&to=2026-01-01", "invalid_request"),
        ("from=2026-01-01&to=9999-12-31", "invalid_request"),
        ("from=2026-02-30&to=2026-03-01", "invalid_request"),
        ("from=1767225600&to=2026-03-01", "invalid_request"),
        ("from=2026-01-01", "invalid_request"),
        ("from=2026-01-01&to=2026-01-02&cursor=abc", "invalid_cursor"),
    ],
)
async def test_days_that_cannot_be_are_refused(world, query, code):
    phone = await world.arrive()
    endings = ("",) if "cursor" in query else ("", ".csv", ".xlsx")
    for ending in endings:
        refused = await phone.get(f"/account/statement{ending}?{query}")
        assert (refused.status, refused.code) == (422, code)


async def test_the_files_say_what_the_statement_says_row_by_row(world):
    phone, _ = await story(world)
    lines = (await phone.get(f"/account/statement?{days()}")).body["items"]
    head, raw = await download(phone, f"/account/statement.csv?{days()}")
    assert head["Content-Type"] == "text/csv; charset=utf-8" and raw.startswith(b"\xef\xbb\xbf")
    titles, opening, *rows, closing = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
    assert titles == ["序号", "时间（Asia/Shanghai）", "类型", "业务编号", "备注", "本金变动（元）", "赠金变动（元）", "变动合计（元）",
                      "本金余额（元）", "赠金余额（元）", "余额（元）"]  # fmt: skip
    assert opening == ["", "", "期初余额", "", "", "", "", "", "0.00", "0.00", "0.00"]
    assert closing[2:] == ["期末余额", "", "", "", "", "", "191.92", "0.00", "191.92"]
    assert [[int(row[0]), row[3], *(round(float(cell) * 100) for cell in row[5:])] for row in rows] == [
        [
            *(line["id"], line["reference"], line["principal_fen"], line["bonus_fen"]),
            line["principal_fen"] + line["bonus_fen"],
            *(line["principal_after_fen"], line["bonus_after_fen"], line["balance_after_fen"]),
        ]
        for line in lines
    ]
    assert rows[2][4] == "'" + lines[2]["memo"] and rows[2][7] == "-0.07"

    head, raw = await download(phone, f"/account/statement.xlsx?{days()}")
    assert head["Content-Type"].endswith("spreadsheetml.sheet") and int(head["Content-Length"]) == len(raw)
    book = openpyxl.load_workbook(io.BytesIO(raw))
    assert book.sheetnames == ["余额明细", "合计"]
    read = list(book["余额明细"].values)
    assert list(read[0]) == titles and len(read) == len(rows) + 3
    assert read[-1][2] == "期末余额" and read[-1][-1] == 191.92
    for said, row, line in zip(read[2:-1], rows, lines, strict=True):
        assert [said[0], f"{said[1]:%Y-%m-%d %H:%M}", *said[2:4]] == [int(row[0]), row[1][:16], *row[2:4]]
        assert (said[4] or "") == line["memo"]
        assert [f"{cell:.2f}" for cell in said[5:]] == row[5:]
    totals = list(book["合计"].values)
    assert totals[1][0] == "期初余额" and totals[-1][2:] == (191.92, 0, 191.92)
    assert round(sum(row[4] for row in totals[1:-1]), 2) == 191.92


async def test_headers_and_file_names_follow_the_readers_language(world):
    phone, _ = await story(world)
    head, raw = await download(phone, f"/account/statement.csv?{days()}", locale="en")
    first = raw.decode("utf-8-sig").splitlines()
    assert first[0].startswith("No.,Time (Asia/Shanghai),Kind,Reference,Memo,Principal (CNY)")
    assert ",Opening balance," in first[1] and ",Top-up," in first[2]
    assert head["Content-Language"] == "en"
    for locale, word, ending in (("zh-CN", "余额明细", "csv"), ("en", "Statement", "xlsx")):
        head, _ = await download(phone, f"/account/statement.{ending}?{days()}", locale=locale)
        said = head["Content-Disposition"]
        assert said.isascii() and "filename*=UTF-8''" in said
        named = unquote(said.rsplit("''", 1)[1])
        assert named.startswith(f"{word}_") and named.endswith(f"{clock.today()}.{ending}")


async def test_a_hostile_name_stays_inside_the_file_name(db):
    customer = await customers.create(name='../../"=cmd\u202e\r\nX-A: b')
    today = clock.today()
    wanted = statement_files.Wanted(customer, today, today, "zh-CN")
    assert (
        wanted.name == f"余额明细_{customer.name}_{today}_{today}"
    )  # what may not stand in one, the kit replaces
    rows = b"".join([piece async for piece in await statement_files.as_csv(wanted)])
    assert rows.count(b"\r\n") == 3 and b"cmd" not in rows


async def test_a_file_of_too_many_changes_is_refused_and_says_how_many(db):
    customer, today = await factories.customer(), clock.today()
    for _ in range(3):
        await factories.topped_up(customer.id, 100)
    wanted = statement_files.Wanted(customer, today, today, "zh-CN")
    for make in (statement_files.as_csv, statement_files.as_xlsx):
        with pytest.raises(statement_files.TooLong) as refused:
            await make(wanted, max_lines=2)
        assert refused.value.params == {"lines": 3, "limit": 2}
        assert "3" in refused.value.sentence("zh-CN") and "2" in refused.value.sentence("en")


async def test_a_long_file_is_read_in_batches_without_a_gap(db, monkeypatch):
    monkeypatch.setattr(statement_files, "_BATCH", 2)
    customer, today = await factories.customer(), clock.today()
    for amount_fen in range(1, 6):
        await factories.topped_up(customer.id, amount_fen)
    wanted = statement_files.Wanted(customer, today, today, "en")
    raw = b"".join([piece async for piece in await statement_files.as_csv(wanted)])
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert [row[7] for row in rows[2:-1]] == ["0.01", "0.02", "0.03", "0.04", "0.05"]


async def test_nobody_reads_anothers_statement(world):
    one, other = await world.arrive(), await world.arrive()
    await world.give(other.customer_id, 100)
    for path in ("", ".csv", ".xlsx"):
        refused = await one.get(f"/customers/{other.customer_id}/statement{path}?{days()}")
        assert (refused.status, refused.code) == (404, "not_found")
    await world.give(other.customer_id, 100)
    page = (await other.get(f"/account/statement?{days()}&limit=1")).body
    borrowed = await one.get(f"/account/statement?{days()}&cursor={page['next_cursor']}")
    assert borrowed.body["items"] == [] and borrowed.body["closing"]["balance_fen"] == 0
    one.token = None
    assert (await one.get(f"/account/statement?{days()}")).status == 401
