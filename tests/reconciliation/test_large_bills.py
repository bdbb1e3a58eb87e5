"""A large bill is read by a process of its own and written in groups: what comes of it is what comes of a small one."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from core import db as database
from reconciliation import bill_imports, bill_texts, days
from tests.gateways.bill_files import DAY, Row, wechat
from tests.reconciliation import books

ROWS = "SELECT line_no, payment_no, amount_fen, agrees, other_day FROM (SELECT id % 100000000 AS line_no, * FROM bill_line) l ORDER BY id"


@pytest.fixture
def large(monkeypatch):
    """Every bill counts as large, and a few rows are a group."""
    monkeypatch.setattr(bill_texts, "LARGE_BYTES", 0)
    monkeypatch.setattr(bill_imports, "_GROUP_ROWS", 500)


async def rows():
    return [tuple(row) for row in await database.fetch(ROWS)]


def readers():
    """The processes that read a bill for us now."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"reconciliation.bill_process" in each.read_bytes():
                found.append(int(each.parent.name))
        except OSError:
            continue
    return found


async def test_group_by_group_every_row_is_written_once_and_finds_its_payment(db, tmp_path, large):
    ours = [await books.paid(1_000, when=books.at(hour)) for hour in (1, 12, 23)]
    strangers = [Row(f"P-{n}", 5, at=f"{DAY} 0{n % 9}:00:00") for n in range(4_000)]
    told = [books.row(trade) for trade in ours]
    content = wechat([told[2], *strangers[:2_000], told[0], *strangers[2_000:], told[1]])
    books.move_to(books.NEXT_MORNING)
    said = []
    file = tmp_path / "bill"
    file.write_bytes(content)
    keeper = books.BookKeeper()
    taken = await bill_imports.take(
        keeper.opened(), "wechat_pay", DAY, bill_imports.Given(file, "operator:1"), progress=lambda *one: said.append(one),
    )  # fmt: skip
    written = await rows()
    assert [line_no for line_no, *_ in written] == list(range(2, 4_005))
    assert {number for _, number, _, agrees, _ in written if agrees} == {trade.out_trade_no for trade in ours}
    assert not any(other_day for *_, agrees, other_day in written if agrees)
    assert said[-1] == ("matching", 4_003) and len(said) > 2
    assert [count for _, count in said] == sorted(count for _, count in said)
    assert (taken.is_new, (await days.get("wechat_pay", DAY)).state, readers()) == (True, "imported", [])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (wechat([Row("P1", 1), Row("P2", 1, at="2026-11-25 00:00:00")]), "other_day"),
        (wechat([Row(f"P{n}", 1) for n in range(5_000)])[:-400], "columns"),
        (wechat([Row("P1", 1)], sums=["1", "0.02", "0.00", "0.00", "0.00000", "0.02", "0.00"]), "summary"),
        (b"", "empty"),
    ],
)
async def test_a_large_file_that_is_not_the_whole_bill_leaves_nothing(db, tmp_path, large, content, reason):
    books.move_to(books.NEXT_MORNING)
    with pytest.raises(bill_imports.BillFileUnreadable) as refused:
        await books.take(books.BookKeeper(), content, tmp_path)
    assert refused.value.params["reason"] == reason
    assert (await rows(), readers()) == ([], [])


async def _taking(tmp_path):
    """A large bill being read. Returns the task and the number of the process that reads."""
    books.move_to(books.NEXT_MORNING)
    content = wechat([Row(f"P{n}", 1) for n in range(60_000)])
    taking = asyncio.create_task(books.take(books.BookKeeper(), content, tmp_path))
    while not (found := readers()):
        await asyncio.sleep(0.005)
    return taking, found[0]


async def test_a_reader_that_dies_leaves_nothing_and_says_so(db, tmp_path, large):
    taking, reader = await _taking(tmp_path)
    os.kill(reader, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="not read to its end"):
        await taking
    assert await rows() == []
    assert (await days.get("wechat_pay", DAY)).state == "waiting"


async def test_whoever_gives_up_leaves_no_reader_behind(db, tmp_path, large):
    taking, _reader = await _taking(tmp_path)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert (await rows(), readers()) == ([], [])
