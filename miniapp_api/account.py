"""The customer's account: what is on it, what happened to it, when to be warned."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from billing import forecast as forecasts
from billing import operator_holds, statements
from core import http as kit
from members import customers
from miniapp_api.services import Customer


class Account(kit.Answer):
    currency: str
    principal_fen: Annotated[int, Field(description="本金 · what the customer paid in", examples=[20000])]
    bonus_fen: Annotated[int, Field(description="赠送金 · what the shop gave on top", examples=[2000])]
    balance_fen: Annotated[int, Field(description="本金加赠送金 · principal and bonus", examples=[22000])]
    held_fen: Annotated[int, Field(description="冻结 · reserved, cannot be spent now", examples=[0])]
    available_fen: Annotated[int, Field(description="可用余额 · what can be spent now", examples=[22000])]
    credit_limit_fen: Annotated[
        int, Field(description="信用额度，0 为没有 · credit limit; 0: none", examples=[0])
    ]
    credit_used_fen: Annotated[
        int,
        Field(description="已用额度，到账的钱先归还 · used; paid back by what comes in next", examples=[0]),
    ]
    credit_left_fen: Annotated[int, Field(description="还可使用的额度 · what is left of it", examples=[0])]
    low_balance_threshold_fen: Annotated[
        int | None,
        Field(description="低于此数提醒，null 不提醒 · warn below this; null: never", examples=[5000]),
    ]


class Threshold(kit.Body):
    threshold_fen: Annotated[kit.Fen | None, Field(examples=[5000])]


class Change(kit.Answer):
    id: Annotated[
        int, Field(validation_alias="entry_no", description="账户内的序号 · its number on this account")
    ]
    kind: Annotated[str, Field(examples=["top_up", "bill_payment", "bill_refund", "manual_adjustment"])]
    reference: str
    memo: str
    principal_fen: Annotated[int, Field(description="本金变动，带符号 · signed change", examples=[-500])]
    bonus_fen: Annotated[int, Field(description="赠送金变动，带符号 · signed change", examples=[-2000])]
    balance_after_fen: int
    at: kit.Instant


class Lot(kit.Answer):
    id: int
    kind: Annotated[str, Field(examples=["principal", "bonus"])]
    source: Annotated[
        str, Field(description="来自哪一笔 · the transfer it came from", examples=["top_up:T26112300"])
    ]
    original_fen: int
    remaining_fen: int
    expires_at: Annotated[
        kit.Instant | None, Field(description="到期时间，本金不过期 · principal never expires")
    ]
    created_at: kit.Instant


class Piece(kit.Answer):
    lot_id: int
    kind: str
    source: str
    amount_fen: Annotated[
        int, Field(description="带符号：扣出为负 · signed: what was taken is negative", examples=[-300])
    ]
    expires_at: kit.Instant | None
    came_at: Annotated[kit.Instant, Field(description="这笔钱何时入账 · when that money came in")]


class Explanation(kit.Answer):
    change: Change
    burn_policy: Annotated[
        str | None,
        Field(description="当时的扣减顺序 · the burn order it was taken by", examples=["bonus_first"]),
    ]
    reverses: Annotated[str | None, Field(description="退回的是哪一笔 · what a refund undid")]
    matched_by: Annotated[
        str | None,
        Field(
            description="自动抵扣账单时按的规则，null 为有人付款 · the rule that chose the bill; null: somebody paid it",
            examples=["oldest_due", "due_date"],
        ),
    ]
    pieces: list[Piece]


class ForecastPart(kit.Answer):
    kind: Annotated[str, Field(examples=["plan", "bill", "habit"])]
    title: str
    times: Annotated[int, Field(description="几次；习惯为天数 · how many; of habit: days")]
    amount_fen: int


class Forecast(kit.Answer):
    available_fen: int
    days: Annotated[
        int | None,
        Field(
            description="还能用几天，null 超过 horizon_days · null: longer than horizon_days", examples=[23]
        ),
    ]
    runs_out_on: Annotated[date | None, Field(description="这一天不够用 · not enough any more on this day")]
    horizon_days: int
    spends: Annotated[
        bool, Field(description="预计会有支出 · whether anything will be spent as far as can be seen")
    ]
    per_day_fen: Annotated[int, Field(description="平时每天消费 · what habit takes a day")]
    is_early: Annotated[
        bool, Field(description="消费记录还少，仅供参考 · little is known yet, an early guess")
    ]
    parts: Annotated[list[ForecastPart], Field(description="届时的各项支出 · what it is spent on until then")]


class HoldQuery(kit.PageQuery):
    state: Annotated[
        Literal["open", "captured", "released", "expired"] | None,
        Field(description="只看这个状态 · only in this state"),
    ] = None


class Hold(kit.Answer):
    hold_no: str
    kind: Annotated[
        str,
        Field(
            description="operator：门店冻结；payment：正在支付的账单；review：待核对的扣款；remittance：正在转给您 · placed by the shop, for a "
            "payment under way, for a deduction under review, or for money being sent to the customer",
            examples=["operator", "payment", "review", "remittance"],
        ),
    ]
    title: Annotated[str, Field(examples=["茶具押金"])]
    amount_fen: int
    captured_fen: Annotated[int, Field(description="从中扣了多少 · how much of it was taken")]
    state: str
    expires_at: Annotated[kit.Instant | None, Field(description="届时自动解冻 · let go then")]
    created_at: kit.Instant
    ended_at: kit.Instant | None


async def show(caller: Customer) -> object:
    """What the customer has now."""
    return statements.seen(caller.admitted)


async def set_threshold(body: Threshold, caller: Customer) -> object:
    """From now on the customer is warned below this, or never."""
    return await statements.account(await customers.set_threshold(caller.id, body.threshold_fen))


async def forecast(caller: Customer) -> object:
    """How many days it lasts, and what it is spent on."""
    return await forecasts.of(caller.id)


async def changes(query: kit.PageQuery, caller: Customer) -> object:
    """The latest changes first."""
    rows = await statements.changes(caller.id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.entry_no)


async def lots(caller: Customer) -> object:
    """What the balance is made of, what expires first at the head."""
    return kit.Page[Lot](items=[Lot.model_validate(lot) for lot in await statements.lots(caller.id)])


async def why(change_id: kit.Id, caller: Customer) -> object:
    """Which lots one change moved, and why those."""
    return await statements.why(caller.id, change_id)


async def holds(query: HoldQuery, caller: Customer) -> object:
    """What is held and was, the newest first."""
    rows = await operator_holds.page(
        caller.id, state=query.state, before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)
