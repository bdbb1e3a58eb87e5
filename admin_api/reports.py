"""Reports over the whole shop."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from admin_api.services import Operator
from core import clock
from core import http as kit
from members.duties import Duty
from reports import liability, today, trends


class Instants(kit.Query):
    at: Annotated[kit.Instant | None, Field(description="时刻，不填为现在 · the instant; left out: now")] = (
        None
    )
    from_at: Annotated[
        kit.Instant | None, Field(alias="from", description="起始时刻，含 · movements from here")
    ] = None
    to_at: Annotated[
        kit.Instant | None, Field(alias="to", description="截止时刻，不含 · up to here; left out: now")
    ] = None


class Owed(kit.Answer):
    at: kit.Instant
    principal_fen: int
    bonus_fen: int
    total_fen: int
    customers: Annotated[int, Field(description="有余额的顾客数 · customers who have anything")]


class Movement(kit.Answer):
    kind: Annotated[str, Field(examples=["top_up", "bill_payment", "bonus_expiry"])]
    changes: Annotated[int, Field(description="笔数 · how many changes")]
    principal_fen: Annotated[int, Field(description="带符号 · with sign")]
    bonus_fen: int
    total_fen: int


class Liability(kit.Answer):
    closing: Annotated[Owed, Field(description="`at` 或 `to` 时刻应付 · owed at `at`, or at `to`")]
    opening: Annotated[Owed | None, Field(description="`from` 时刻应付 · owed at `from`")] = None
    movements: Annotated[
        list[Movement] | None,
        Field(description="两个时刻之间按类型的变动 · what moved it in between, by kind"),
    ] = None


async def owed(query: Instants) -> object:
    """What customers are owed at an instant, or at two, with what moved it in between."""
    found = await liability.report(at_instant=query.at, begins_at=query.from_at, ends_at=query.to_at)
    return {"closing": found} if isinstance(found, liability.Owed) else found


class Takings(kit.Answer):
    taken_fen: Annotated[
        dict[str, int],
        Field(
            description="按渠道的收款：wechat_pay、alipay、counter · what came in, by way",
            examples=[{"wechat_pay": 128_000, "counter": 20_000}],
        ),
    ]
    given_back_fen: Annotated[
        dict[str, int], Field(description="按渠道的退款 · what went back", examples=[{"wechat_pay": 2_800}])
    ]
    total_fen: Annotated[int, Field(description="收款减退款 · what came in less what went back")]


class Money(kit.Answer):
    taken: Annotated[Takings, Field(description="今天到现在 · today until now")]
    yesterday_fen: Annotated[int, Field(description="昨天同一时刻 · yesterday by the same time")]
    liability_fen: Annotated[int, Field(description="应付顾客余额 · what customers own")]
    liability_customers: int
    due_today_fen: int
    due_today_bills: int
    overdue_fen: int
    overdue_bills: int


class Health(kit.Answer):
    late_jobs: Annotated[
        list[str], Field(description="该开始而没有开始的定时任务 · jobs that should have begun")
    ]
    failing_jobs: list[str]
    payments_asked: Annotated[
        int, Field(description="反复查询仍未有结果的支付 · payments asked about again and again")
    ]
    bills_missing: Annotated[
        int, Field(description="渠道一直没有给出账单的对账日 · days whose bill never came")
    ]
    unexplained_days: Annotated[
        int, Field(description="比对后尚未关闭的对账日 · days compared, not closed yet")
    ]


class Today(kit.Answer):
    money: Annotated[
        Money | None, Field(description="没有看账的职责时为空 · null without the duty to see the books")
    ]
    waiting: Annotated[
        dict[str, int],
        Field(
            description="待办，按种类；只列出看得到的 · what waits for somebody, by kind; only what the caller may see",
            examples=[{"orders": 3, "approvals": 1, "alerts": 0}],
        ),
    ]
    health: Annotated[Health, Field(description="时钟与渠道 · the clock and the channels")]
    as_of: kit.Instant


class Period(kit.Query):
    from_on: Annotated[
        kit.Day | None, Field(description="起始日，不填为 30 天前 · left out: thirty days ago")
    ] = None
    to_on: Annotated[
        kit.Day | None, Field(description="截止日，含，不填为今天 · included; left out: today")
    ] = None


class TrendDay(kit.Answer):
    day: kit.Day
    taken: Takings
    orders: int
    sales_fen: Annotated[
        int, Field(description="已付款订单，按下单日 · paid orders, by the day they were placed")
    ]
    topped_up_fen: int
    deducted_fen: Annotated[int, Field(description="从余额付的账单 · bills paid from balances")]
    liability_fen: Annotated[
        int, Field(description="当天结束时应付顾客余额 · owed to customers at the day's end")
    ]
    new_customers: int
    active_customers: Annotated[int, Field(description="余额有变动的顾客 · customers whose balance moved")]


class Trend(kit.Answer):
    days: list[TrendDay]


_SEEN_BY: Mapping[str, Duty] = {
    "orders": "orders.see",
    "shipments": "orders.see",
    "after_sales": "orders.see",
    "approvals": "money.see",
    "vouchers": "money.see",
    "refunds": "money.see",
    "reviews": "money.see",
    "invoices": "money.see",
    "differences": "books.see",
    "quarantine": "books.see",
    "parked_periods": "plans.see",
    "conversations": "chats.see",
    "tickets": "chats.see",
    "dead_messages": "messages.see",
    "alerts": "shop.see",
}


async def now(caller: Operator) -> object:
    """How the shop stands, as far as the caller may see it."""
    return {
        "money": await today.of_money() if caller.may("books.see") else None,
        "waiting": await _waiting(caller),
        "health": await today.health(),
        "as_of": clock.now(),
    }


async def _waiting(caller: Operator) -> dict[str, int]:
    found: dict[str, int] = {}
    by_stores: dict[frozenset[str] | None, list[str]] = {}
    for name, duty in _SEEN_BY.items():
        if caller.may(duty):
            by_stores.setdefault(caller.stores(duty), []).append(name)
    for stores, names in by_stores.items():
        found.update(await today.waiting(names, stores=stores))
    return {name: found[name] for name in _SEEN_BY if name in found}


async def trend(query: Period) -> object:
    """The shop day by day."""
    from_on, to_on = query.from_on, query.to_on or clock.today()
    return {"days": await trends.by_day(from_on or to_on - timedelta(days=29), to_on)}
