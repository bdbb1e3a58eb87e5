"""Tables of rates: what channels keep, what commissions are; and what commissions came to."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from admin_api.services import Operator
from core import http as kit
from reconciliation import commissions, rates

Party = Annotated[
    kit.Name,
    Field(
        description="渠道，或提成的对象 · the channel, or who gets the commission", examples=["wechat_pay"]
    ),
]


class RatesQuery(kit.PageQuery):
    charge: Literal["channel", "commission"]
    party: Party | None = None


class NewRate(kit.Body):
    charge: Literal["channel", "commission"]
    party: Party
    applies_to: Annotated[
        Annotated[kit.Text, Field(min_length=1, max_length=64)] | None,
        Field(
            description="渠道的支付方式；提成的账单来源（order、plan、operator、hold）或开单员工（operator:5）；null 全部"
            " · a method of the channel; of bills what they are for, or who issued them; null: all",
            examples=["jsapi"],
        ),
    ] = None
    above_fen: Annotated[kit.Fen, Field(description="适用于超过此数的金额 · for amounts above this")] = 0
    rate_ppm: Annotated[
        Annotated[int, Field(ge=0, le=1_000_000)],
        Field(description="百万分之几，6000 即千分之六 · millionths; 6000 are 0.6 %", examples=[6000]),
    ] = 0
    fixed_fen: kit.Fen = 0
    min_fen: kit.Fen = 0
    max_fen: kit.Fen | None = None
    from_on: kit.Day
    until_on: Annotated[kit.Day | None, Field(description="最后一天，含 · the last day, included")] = None


class Ending(kit.Body):
    until_on: Annotated[kit.Day, Field(description="最后一天，含 · the last day, included")]


class Rate(kit.Answer):
    id: int
    charge: str
    party: str
    applies_to: str | None
    above_fen: int
    rate_ppm: int
    fixed_fen: int
    min_fen: int
    max_fen: int | None
    from_on: date
    until_on: date | None
    created_by: str
    ended_by: str | None


class CommissionPeriod(kit.Query):
    from_on: Annotated[kit.Day, Field(alias="from")]
    to_on: Annotated[kit.Day, Field(alias="to", description="最后一天，含 · the last day, included")]


class CommissionLines(CommissionPeriod, kit.PageQuery):
    party: Party


class Commission(kit.Answer):
    party: str
    bills: int
    amount_fen: Annotated[
        int, Field(description="已付账单，减去退款 · of paid bills, less what was refunded")
    ]
    commission_fen: int


class Commissions(kit.Answer):
    items: list[Commission]


class CommissionLine(kit.Answer):
    bill_no: str
    title: str
    on_day: date
    amount_fen: int
    commission_fen: int
    rate_id: int


async def listing(query: RatesQuery) -> object:
    """The newest first."""
    rows = await rates.page(query.charge, party=query.party, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def add(body: NewRate, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Writes a line."""
    terms = rates.Terms(**{name: getattr(body, name) for name in rates.Terms.__slots__})
    return await rates.add(caller.id, terms, key=key)


async def end(rate_id: int, body: Ending, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Ends a line."""
    return await rates.end(caller.id, rate_id, until_on=body.until_on, key=key)


async def commission(query: CommissionPeriod) -> object:
    """What everybody gets of a period."""
    return {"items": await commissions.totals(query.from_on, query.to_on)}


async def commission_lines(query: CommissionLines) -> object:
    """What one party gets, bill by bill."""
    rows = await commissions.lines(
        query.party, query.from_on, query.to_on, after=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)
