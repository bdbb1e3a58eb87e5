"""Statements of the customer's own account, to read and to keep."""

import dataclasses
from datetime import date
from typing import Annotated

from aiohttp import web
from pydantic import Field

from billing import day_statements, statement_files
from core import http as kit
from miniapp_api.services import Customer


class Days(kit.Query):
    from_on: Annotated[
        kit.Day, Field(alias="from", description="第一天 · the first day", examples=["2026-11-01"])
    ]
    to_on: Annotated[
        kit.Day,
        Field(alias="to", description="最后一天，含 · the last day, included", examples=["2026-11-30"]),
    ]


class DaysPage(Days, kit.PageQuery):
    pass


class Amounts(kit.Answer):
    principal_fen: int
    bonus_fen: int
    balance_fen: int


class Total(kit.Answer):
    kind: str
    lines: Annotated[int, Field(description="笔数 · how many changes")]
    principal_fen: int
    bonus_fen: int
    amount_fen: int


class Line(kit.Answer):
    id: Annotated[
        int, Field(validation_alias="entry_no", description="账户内的序号 · its number on this account")
    ]
    kind: str
    reference: str
    memo: str
    principal_fen: Annotated[int, Field(description="本金变动，带符号 · signed change", examples=[-500])]
    bonus_fen: Annotated[int, Field(description="赠送金变动，带符号 · signed change", examples=[-2000])]
    principal_after_fen: int
    bonus_after_fen: int
    balance_after_fen: int
    at: kit.Instant


class Statement(kit.Answer):
    from_on: date
    to_on: Annotated[date, Field(description="最后一天，含 · the last day, included")]
    as_of: Annotated[kit.Instant, Field(description="出具时间 · when it was read")]
    currency: str
    opening: Annotated[Amounts, Field(description="期初余额 · before the first day")]
    closing: Annotated[Amounts, Field(description="期末余额 · after the last day, or as of now")]
    totals: Annotated[list[Total], Field(description="全部日期按类型合计 · of all the days, by kind")]
    items: Annotated[list[Line], Field(validation_alias="lines", description="从旧到新 · oldest first")]
    next_cursor: str | None = None


async def read(query: DaysPage, caller: Customer) -> Statement:
    """Every page has the balances and totals of the whole statement."""
    after_no, before_no = query.after(tuple[int, int]) or (None, None)
    found = await day_statements.read(
        caller.id,
        from_on=query.from_on,
        to_on=query.to_on,
        after_no=after_no,
        before_no=before_no,
        limit=query.limit + 1,
    )
    page = kit.cut(found.lines, query, lambda line: (line.entry_no, found.end_no))
    answer = Statement.model_validate(dataclasses.replace(found, lines=page.items))
    return answer.model_copy(update={"next_cursor": page.next_cursor})


async def as_csv(query: Days, caller: Customer, locale: str) -> web.Response:
    """The same as CSV."""
    wanted = statement_files.Wanted(caller.admitted.customer, query.from_on, query.to_on, locale)
    rows = await statement_files.as_csv(wanted)
    return kit.download(rows, name=f"{wanted.name}.csv", media_type=kit.CSV, locale=locale)


async def as_xlsx(query: Days, caller: Customer, locale: str) -> web.Response:
    """The same as an Excel workbook."""
    wanted = statement_files.Wanted(caller.admitted.customer, query.from_on, query.to_on, locale)
    book = await statement_files.as_xlsx(wanted)
    return kit.download(book, name=f"{wanted.name}.xlsx", media_type=kit.XLSX, locale=locale)
