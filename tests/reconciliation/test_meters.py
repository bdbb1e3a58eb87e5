"""How far the work on a day is, for those who ask from elsewhere."""

import asyncio
import contextlib
from datetime import timedelta

from core import clock
from reconciliation import bill_imports, days, meters
from tests.gateways.bill_files import Row, wechat
from tests.reconciliation import books
from tests.reconciliation.books import DAY


async def test_an_import_under_way_is_seen_by_others_and_gone_when_it_has_ended(db, tmp_path, monkeypatch):
    monkeypatch.setattr(meters, "_EVERY_S", 0.02)
    books.move_to(books.NEXT_MORNING)
    keeper, seen = books.BookKeeper(), []
    file = tmp_path / "bill"
    file.write_bytes(wechat([Row(f"P{n}", 1) for n in range(20_000)]))
    taking = asyncio.create_task(
        bill_imports.take(keeper.opened(), "wechat_pay", DAY, bill_imports.Given(file, "operator:1"))
    )
    while not taking.done():
        with contextlib.suppress(days.NoSuchDay):
            found = await meters.of_day((await days.get("wechat_pay", DAY)).id)
            if found is not None:
                seen.append(found)
        await asyncio.sleep(0.01)
    taken = await taking
    assert seen, "nobody could see it"
    assert [one.rows for one in seen] == sorted(one.rows for one in seen) and seen[-1].rows > 0
    assert all(one.phase in ("reading", "matching") and 0 <= one.percent <= 100 for one in seen)
    assert await meters.of_day(taken.day.id) is None


def test_after_its_file_is_read_all_of_it_is():
    meter = meters.Meter()
    meter.at("reading", 5, 40)
    assert meter.percent == 40
    meter.at("matching", 5)
    assert (meter.phase, meter.rows, meter.percent) == ("matching", 5, 100)


async def test_what_a_killed_process_left_behind_is_not_taken_for_work(db):
    keeper = books.BookKeeper()
    books.move_to(books.NEXT_MORNING)
    await days.ensure(keeper.opened(), "wechat_pay", DAY)
    day = await days.get("wechat_pay", DAY)
    showing = asyncio.create_task(meters._show(day.id, meters.Meter()))
    while await meters.of_day(day.id) is None:
        await asyncio.sleep(0.05)
    showing.cancel()
    await asyncio.gather(showing, return_exceptions=True)
    clock.set_offset(clock.offset() + timedelta(minutes=1))
    assert await meters.of_day(day.id) is None
