"""Reconciliation that dies halfway: the clock comes again, the button is pressed again with the same key."""

import pathlib
from dataclasses import replace
from datetime import date, timedelta

from billing import approvals, payments, terms
from core import clock, db
from models import bill_line
from reconciliation import bill_imports, closing, comparing, daily, days, funds, resolving
from tests import factories
from tests.crash.path import CHANNEL, OPENED, Path
from tests.gateways import bill_files
from tests.reconciliation import books

LIMIT_FEN = terms.Terms().approval_above_fen


async def _next_day():
    """A day after all that are known, of which nothing is left to do; our clock stands at its noon."""
    await db.execute("UPDATE channel_day SET fetch_at = NULL, funds_at = NULL, match_at = NULL")
    last = await db.fetchval("SELECT max(day) FROM channel_day")
    on = (last or days.yesterday() + timedelta(days=1)) + timedelta(days=1)
    books.move_to(books.at(day=on))
    return on


def _morning_after(on):
    books.move_to(books.at(11, day=on + timedelta(days=1)))


async def _paid(*, told):
    customer = await factories.customer()
    started = await factories.top_up(customer.id, 1_000)
    if told:
        await payments.confirm(factories.trade(started))
    CHANNEL.pays(started.payment)
    return customer.id, bill_files.Row(
        started.payment.payment_no,
        1_000,
        fee_milli=6_000,
        at=f"{clock.now().astimezone(days.reading.BEIJING):%Y-%m-%d %H:%M:%S}",
    )


async def _bill(on, rows, name="bill"):
    content = bill_files.wechat(rows)
    CHANNEL.makes_bill(on, content)
    file = CHANNEL.home / f"{name}-{on}"
    file.write_bytes(content)
    return str(file)


async def _funds(on, moves):
    """The channel's bill of funds of the day; it goes on from the last one."""
    opening_fen = await db.fetchval(
        "SELECT b.closing_fen FROM fund_bill b JOIN channel_day d ON d.id = b.day_id ORDER BY d.day DESC LIMIT 1"
    )
    content = bill_files.wechat_funds(moves, opening_fen or 0, day=on)
    (CHANNEL.home / f"funds-{on}").write_bytes(content)


async def _fees(on):
    """What stands in the books for the day: posted less undone."""
    found = await db.fetchval(
        "SELECT sum(CASE t.kind WHEN 'channel_fee' THEN p.amount_fen ELSE -p.amount_fen END)::bigint FROM transfer t"
        " JOIN posting p ON p.transfer_id = t.id WHERE t.kind LIKE 'channel_fee%' AND t.memo = $1",
        f"wechat_pay {on}",
    )
    return found or 0


class Reconcile(Path):
    """The clock fetches a day's bills, finds a payment whose notification was lost, has it credited and closes the day."""

    async def before(self):
        on = await _next_day()
        heard, first = await _paid(told=True)
        unheard, second = await _paid(told=False)
        await _bill(on, [first, second])
        await _funds(on, [("交易", 1_000), ("扣除交易手续费", -6)] * 2)
        return {"day": on.isoformat(), "heard": heard, "unheard": unheard}

    async def act(self, made):
        _morning_after(date.fromisoformat(made["day"]))
        await daily.run(OPENED)

    async def again(self, made):
        for hours in (0, 1, 2):  # what was under way is left to who has it for a while
            _morning_after(date.fromisoformat(made["day"]))
            clock.set_offset(clock.offset() + timedelta(hours=hours))
            await daily.run(OPENED)

    async def wrong(self, made):
        on = date.fromisoformat(made["day"])
        day = await days.get("wechat_pay", on)
        left = [await factories.balance(made[one]) for one in ("heard", "unheard")]
        moved = (await funds.of([day.id]))[day.id]
        found = (day.state, left, await _fees(on), moved.payment_fen, moved.wrong)
        return None if found == ("closed", [(1_000, 0), (1_000, 0)], 12, 2_000, ()) else found


class ReplaceBill(Path):
    """A day is opened again by another bill that an operator brings, and closed anew."""

    async def before(self):
        on = await _next_day()
        _, row = await _paid(told=True)
        first = await _bill(on, [row], "first")
        _morning_after(on)
        await bill_imports.take(
            OPENED, "wechat_pay", on, bill_imports.Given(pathlib.Path(first), "operator:1")
        )
        day = await days.get("wechat_pay", on)
        await comparing.compare(day.id)
        await closing.close(1, "wechat_pay", on, key=f"close-first-{on}")
        second = CHANNEL.home / f"second-{on}"
        second.write_bytes(bill_files.wechat([row, bill_files.Row("P-x", 5, fee_milli=1_000, at=row.at)]))
        return {"day": on.isoformat(), "file": str(second)}

    async def act(self, made):
        on = date.fromisoformat(made["day"])
        _morning_after(on)
        given = bill_imports.Given(pathlib.Path(made["file"]), "operator:1", "渠道更正")
        taken = await bill_imports.take(OPENED, "wechat_pay", on, given)
        await comparing.compare(taken.day.id)
        numbers = await db.fetch(
            "SELECT difference_no FROM difference WHERE day_id = $1 AND state <> 'resolved'", taken.day.id
        )
        for (number,) in numbers:
            await resolving.resolve(1, number, resolving.Wish("ignore", "别处的收款"), key=f"ignore-{number}")
        await comparing.compare(taken.day.id)
        await closing.close_if_explained(taken.day.id)
        await closing.close(1, "wechat_pay", on, key=f"close-again-{on}")

    async def wrong(self, made):
        on = date.fromisoformat(made["day"])
        day = await days.get("wechat_pay", on)
        rows = await db.fetchval(
            f"SELECT count(*) FROM bill_file f JOIN bill_line l ON l.id {bill_line.OF_FILE} WHERE f.day_id = $1",
            day.id,
        )
        found = (day.state, rows, await _fees(on))
        return None if found == ("closed", 2, 7) else found


class DecideDifference(Path):
    """What a channel has more is credited with a second person, the day closed, and opened again."""

    async def before(self):
        on = await _next_day()
        customer_id, row = await _paid(told=True)
        more = replace(row, amount_fen=1_000 + LIMIT_FEN + 1)
        file = await _bill(on, [more])
        _morning_after(on)
        given = bill_imports.Given(pathlib.Path(file), "operator:1")
        taken = await bill_imports.take(OPENED, "wechat_pay", on, given)
        await comparing.compare(taken.day.id)
        number = await db.fetchval("SELECT difference_no FROM difference WHERE day_id = $1", taken.day.id)
        asked = await resolving.resolve(1, number, resolving.Wish("credit", "多付"), key=f"credit-{number}")
        return {"day": on.isoformat(), "customer": customer_id, "approval": asked.approval_no}

    async def act(self, made):
        on = date.fromisoformat(made["day"])
        _morning_after(on)
        await approvals.approve(2, made["approval"], key=made["approval"])
        day = await days.get("wechat_pay", on)
        if day.state != "closed":
            await comparing.compare(day.id)
        await closing.close(1, "wechat_pay", on, key=f"close-it-{on}")
        await closing.reopen(1, "wechat_pay", on, reason="复查", key=f"reopen-{on}")

    async def wrong(self, made):
        on = date.fromisoformat(made["day"])
        found = (await factories.balance(made["customer"]), await _fees(on))
        return None if found == ((1_000 + LIMIT_FEN + 1, 0), 0) else found


PATHS = {"reconcile": Reconcile, "replace_bill": ReplaceBill, "decide_difference": DecideDifference}
