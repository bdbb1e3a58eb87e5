"""Reconciliation by days: how far each is, its bill, closing it, the report."""

import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from admin_api.adjustments import Reason
from admin_api.services import Operator, Services
from core import http as kit
from reconciliation import bill_imports, closing, days, fetching, funds, history, meters, report, report_files

UPLOAD_BYTES = 32 * 1024 * 1024

Channel = Annotated[kit.No, Field(max_length=20, examples=["wechat_pay"])]


class DaysQuery(kit.PageQuery):
    channel: Channel | None = None
    state: Literal["waiting", "imported", "matched", "closed"] | None = None
    from_on: Annotated[kit.Day | None, Field(alias="from")] = None
    to_on: Annotated[kit.Day | None, Field(alias="to")] = None


class Period(kit.Query):
    from_on: Annotated[kit.Day, Field(alias="from", description="第一天 · the first day")]
    to_on: Annotated[kit.Day, Field(alias="to", description="最后一天，含 · the last day, included")]
    channel: Channel | None = None


class Why(kit.Body):
    reason: Reason


class NewBill(kit.Query):
    replaces_because: Annotated[
        Reason | None,
        Field(description="替换已有账单的原因 · why it takes the place of the bill that is there"),
    ] = None


class Day(kit.Answer):
    channel: str
    day: date
    state: Annotated[str, Field(examples=["waiting", "imported", "matched", "closed"])]
    fetch_at: Annotated[
        kit.Instant | None, Field(description="下次索取账单的时间 · when the bill is asked for next")
    ]
    tries: int
    last_answer: Annotated[str, Field(description="渠道最近的答复 · what the channel said last")]
    gave_up_at: kit.Instant | None
    matched_at: kit.Instant | None
    closed_at: kit.Instant | None
    closed_by: str | None


class Side(kit.Answer):
    payments: int
    payment_fen: int
    refunds: int
    refund_fen: int


class Funds(kit.Answer):
    rows: int
    opening_fen: Annotated[int, Field(description="渠道账户期初余额 · what the account there held before")]
    payment_fen: int
    refund_fen: Annotated[int, Field(description="流出为负 · negative where it went out")]
    fee_fen: int
    transfer_fen: Annotated[int, Field(description="商家转账 · sent to people")]
    withdrawal_fen: Annotated[int, Field(description="提现到银行 · taken to the bank")]
    other_fen: int
    closing_fen: int
    remitted_fen: Annotated[
        int, Field(description="本店当日到账的商家转账 · remittances of ours that arrived that day")
    ]
    adds_up: bool
    wrong: Annotated[
        list[str],
        Field(
            description="哪里对不上 · what does not add up",
            examples=[["opening", "rows", "payments", "refunds", "fees"]],
        ),
    ]
    given_by: str


class Progress(kit.Answer):
    phase: Annotated[
        str,
        Field(
            description="读账单、与本店匹配、比对 · reading the file, matching its rows with ours, comparing",
            examples=["reading", "matching", "comparing"],
        ),
    ]
    rows: int
    percent: Annotated[int, Field(description="账单文件已读的百分比 · so much of the file is read")]
    began_at: kit.Instant
    seen_at: kit.Instant


class Line(kit.Answer):
    channel: str
    day: date
    state: str
    theirs: Annotated[Side | None, Field(description="渠道账单 · the channel's bill")]
    ours: Annotated[Side, Field(description="本店当日 · ours of the day")]
    fee_milli: Annotated[
        int | None, Field(description="账单手续费，千分之一分 · the bill's fees, thousandths of a fen")
    ]
    fee_fen: Annotated[int | None, Field(description="已入账的手续费 · fees in the books")]
    differences: int
    unresolved: int
    at_stake_fen: int
    carried_in: int
    carried_in_fen: int
    carried_out: int
    carried_out_fen: int
    bill_sha256: str | None
    bill_given_by: str | None
    bill_received_at: kit.Instant | None
    closed_at: kit.Instant | None
    closed_by: str | None
    funds: Annotated[
        Funds | None, Field(description="资金账单；没有拿到则为空 · the bill of funds, if it came")
    ]


class Report(kit.Answer):
    items: list[Line]


class OfKind(kit.Answer):
    kind: str
    subject: str
    state: str
    resolution: str | None
    differences: int
    at_stake_fen: int


class Event(kit.Answer):
    act: str
    who: str
    detail: dict[str, Any]
    at: kit.Instant


class OneDay(kit.Answer):
    day: Day
    report: Line
    kinds: list[OfKind]
    progress: Annotated[
        Progress | None,
        Field(description="正在进行的导入或比对；没有则为空 · what is being done to it at this moment"),
    ]
    history: list[Event]


class Taken(kit.Answer):
    is_new: Annotated[bool, Field(description="false：与已有账单相同 · the same file was here already")]
    day: Day


async def listing(query: DaysQuery) -> object:
    """The latest first."""
    wanted = days.Filter(query.channel, query.state, query.from_on, query.to_on)
    rows = await days.page(wanted, before=query.after(tuple[date, int]), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: (row.day, row.id))


async def one(channel: Channel, day: kit.Day) -> object:
    """One day with its report and history."""
    found = await days.get(channel, day)
    return {
        "day": found,
        "report": await report.of_day(channel, day),
        "kinds": await report.kinds(found.id),
        "progress": await meters.of_day(found.id),
        "history": await history.of_day(found.id),
    }


async def take_bill(
    channel: Channel, day: kit.Day, query: NewBill, upload: kit.Upload, caller: Operator, services: Services
) -> object:
    """Takes a bill that was brought by hand."""
    with tempfile.TemporaryDirectory(prefix="yucun-bill-") as into:
        given = bill_imports.Given(_kept(upload, into), caller.label, query.replaces_because)
        return await bill_imports.take(services.channels, channel, day, given)


async def take_funds(
    channel: Channel, day: kit.Day, query: NewBill, upload: kit.Upload, caller: Operator, services: Services
) -> object:
    """Takes a bill of funds that was brought by hand."""
    with tempfile.TemporaryDirectory(prefix="yucun-bill-") as into:
        given = bill_imports.Given(_kept(upload, into), caller.label, query.replaces_because)
        is_new = await funds.take(services.channels, channel, day, given)
    return {"is_new": is_new, "day": await days.get(channel, day)}


def _kept(upload: kit.Upload, into: str) -> Path:
    path = Path(into, "bill")
    path.write_bytes(upload)
    return path


async def rerun(channel: Channel, day: kit.Day, caller: Operator, services: Services) -> object:
    """Goes on with a day at the clock's next turn."""
    return await fetching.rerun(services.channels, caller.id, channel, day)


async def close(channel: Channel, day: kit.Day, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Closes a day."""
    return await closing.close(caller.id, channel, day, key=key)


async def reopen(
    channel: Channel, day: kit.Day, body: Why, caller: Operator, key: kit.IdempotencyKey
) -> object:
    """Opens a closed day again."""
    return await closing.reopen(caller.id, channel, day, reason=body.reason, key=key)


async def lines(query: Period) -> object:
    """The report of a period."""
    return {"items": await report.of(query.from_on, query.to_on, channel=query.channel)}


async def as_csv(query: Period, locale: str) -> web.Response:
    """The same as CSV."""
    rows = await report_files.as_csv(query.from_on, query.to_on, query.channel, locale)
    name = report_files.name(query.from_on, query.to_on, locale)
    return kit.download(rows, name=f"{name}.csv", media_type=kit.CSV, locale=locale)


async def as_xlsx(query: Period, locale: str) -> web.Response:
    """The same as an Excel workbook, with the differences."""
    book = await report_files.as_xlsx(query.from_on, query.to_on, query.channel, locale)
    name = report_files.name(query.from_on, query.to_on, locale)
    return kit.download(book, name=f"{name}.xlsx", media_type=kit.XLSX, locale=locale)
