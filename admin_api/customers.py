"""Customers: finding them, and what is on their accounts."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from billing import forecast as forecasts
from billing import statements
from core import http as kit
from members import addresses, customers
from notifications import addresses as reach


class CustomerQuery(kit.SortedQuery):
    query: Annotated[
        kit.Text | None,
        Field(
            description="姓名的一部分、编号或完整手机号 · part of the name, the id, or the whole phone number"
        ),
    ] = None
    sort: Annotated[
        Literal["name", "-name", "created_at", "-created_at"] | None, Field(description=kit.SORT)
    ] = None


class Customer(kit.Answer):
    id: int
    name: str
    locale: str
    state: Annotated[str, Field(examples=["active", "blocked", "closed"])]
    low_balance_threshold_fen: int | None
    tier: Annotated[str | None, Field(description="会员等级 · the code of the tier", examples=["gold"])]
    is_named: Annotated[
        bool, Field(description="已登记实名，决定本金上限 · known by name; decides the legal cap")
    ]
    created_at: kit.Instant


class Balance(kit.Answer):
    currency: str
    principal_fen: int
    bonus_fen: int
    balance_fen: int
    held_fen: int
    available_fen: int
    credit_limit_fen: int
    credit_used_fen: int
    credit_left_fen: int


class CustomerWithBalance(Customer):
    balance: Balance


class Change(kit.Answer):
    id: Annotated[
        int, Field(validation_alias="entry_no", description="账户内的序号 · its number on this account")
    ]
    kind: str
    reference: str
    memo: str
    operator: Annotated[str, Field(examples=["customer:17", "operator:1", "clock", "channel:wechat_pay"])]
    principal_fen: int
    bonus_fen: int
    balance_after_fen: int
    at: kit.Instant


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


class Revealing(kit.Body):
    reason: Annotated[
        kit.Text,
        Field(
            min_length=1,
            max_length=200,
            description="记入操作记录 · is written down",
            examples=["送货前联系顾客"],
        ),
    ]


class Reached(kit.Answer):
    channel: Annotated[str, Field(examples=["sms", "email"])]
    address: Annotated[str, Field(examples=["13800000001"])]


class Delivered(kit.Answer):
    id: int
    recipient: str
    phone: str


class Revealed(kit.Answer):
    addresses: Annotated[list[Reached], Field(description="登记的手机号和邮箱 · phone and e-mail on file")]
    deliveries: Annotated[list[Delivered], Field(description="收货地址的电话 · of the delivery addresses")]


async def listing(query: CustomerQuery) -> object:
    """The newest first."""
    rows = await customers.page(
        query=query.query,
        before=None if query.sort else query.after(int),
        sort=query.chosen(),
        limit=query.limit + 1,
    )
    return kit.cut_sorted(rows, query, lambda row, by: row.id)


async def reveal(customer_id: kit.Id, body: Revealing) -> Revealed:
    """Where a customer can be reached, in full."""
    customer = await customers.get(customer_id)
    return Revealed(
        addresses=[Reached.model_validate(one) for one in await reach.of(customer.id)],
        deliveries=[
            Delivered(id=one.id, recipient=one.where.recipient, phone=one.where.phone)
            for one in await addresses.listing(customer.id)
        ],
    )


async def one(customer_id: int) -> CustomerWithBalance:
    """One customer with the balance."""
    customer = await customers.get(customer_id)
    balance = Balance.model_validate(await statements.balance(customer_id))
    return CustomerWithBalance(**Customer.model_validate(customer).model_dump(), balance=balance)


async def forecast(customer_id: int) -> object:
    """How many days the balance lasts, and what it is spent on."""
    return await forecasts.of(customer_id)


async def changes(customer_id: int, query: kit.PageQuery) -> object:
    """The latest changes first."""
    customer = await customers.get(customer_id)
    rows = await statements.changes(customer.id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.entry_no)
