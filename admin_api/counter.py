"""Money taken at the counter."""

from typing import Annotated, Literal

from pydantic import Field

from admin_api.adjustments import Reason
from admin_api.services import Operator
from billing import counter, counter_foreseen, counter_undo, package_rules
from core import clock
from core import http as kit

Tender = Literal["cash", "card", "transfer", "cheque"]


class Taken(kit.Body):
    tender: Annotated[Tender, Field(description="现金、银行卡、银行转账、支票 · how it was paid")]
    reference: Annotated[
        kit.Token | None,
        Field(
            max_length=64,
            description="除现金外必填：刷卡终端、银行或支票的编号 · needed but for cash: the terminal's, the bank's or the cheque's number",
        ),
    ] = None
    memo: kit.Text = ""

    def taking(self) -> counter.Taking:
        """As the desk takes it."""
        return counter.Taking(self.tender, self.reference, self.memo)


class NewCounterTopUp(Taken):
    package_id: Annotated[kit.Id | None, Field(description="套餐，或 · a package, or")] = None
    amount_fen: Annotated[kit.PositiveFen | None, Field(description="金额 · an amount")] = None
    store: Annotated[kit.No | None, Field(max_length=20)] = None
    agreement_version: Annotated[
        kit.Token | None,
        Field(max_length=32, description="顾客签署的预付卡协议版本 · the agreement the customer has signed"),
    ] = None


class NewCounterBillPayment(Taken):
    amount_fen: Annotated[
        kit.PositiveFen | None, Field(description="不填为全部欠款 · left out: all that is owed")
    ] = None


class Undoing(kit.Body):
    reason: Reason


class OffersQuery(kit.Query):
    store: Annotated[kit.No | None, Field(max_length=20)] = None


class ForeseenQuery(OffersQuery):
    package_id: Annotated[kit.Id | None, Field(description="套餐，或 · a package, or")] = None
    amount_fen: Annotated[kit.PositiveFen | None, Field(description="金额 · an amount")] = None


class CounterQuery(kit.PageQuery):
    customer_id: kit.Id | None = None
    tender: Tender | None = None
    since_on: Annotated[kit.Day | None, Field(description="从这一天起 · since this day")] = None


class CounterPayment(kit.Answer):
    counter_no: str
    customer_id: int
    purpose: Annotated[str, Field(examples=["top_up", "bill"])]
    purpose_no: str
    tender: str
    reference: str | None
    amount_fen: int
    memo: str
    operator: str
    approval_no: str | None
    voucher_no: str | None
    state: Annotated[str, Field(examples=["taken", "undone"])]
    undone_by: str | None
    undo_reason: str | None
    created_at: kit.Instant
    undone_at: kit.Instant | None


class CounterOutcome(kit.Answer):
    payment: CounterPayment | None
    approval_no: Annotated[
        str | None,
        Field(description="超过限额，等待第二人复核的单号 · waits for a second person under this number"),
    ]


class TopUpOffer(kit.Answer):
    package_id: int
    name: str
    pay_fen: int
    bonus_fen: int
    bonus_days: int | None
    refusal: Annotated[str | None, Field(description="现在不能购买的原因 · why it cannot be bought now")]


class Foreseen(kit.Answer):
    pay_fen: int
    bonus_fen: int
    bonus_days: int | None
    balance_fen: int
    balance_after_fen: Annotated[
        int,
        Field(description="入账后、抵扣到期账单前 · once it is credited, before bills are taken from it"),
    ]
    overdue_fen: Annotated[
        int, Field(description="到期账单，入账后随即抵扣 · bills that are due, and taken from it at once")
    ]
    agreement_version: Annotated[
        str | None, Field(description="须先签署的预付卡协议 · the agreement to be signed first")
    ]
    waits: Annotated[
        bool, Field(description="超过限额，须第二人复核 · above the limit: a second person decides first")
    ]


async def offers(customer_id: int, query: OffersQuery, locale: str) -> kit.Page[TopUpOffer]:
    """The packages, with what is against buying one now."""
    found = await package_rules.offered(customer_id, store=query.store)
    return kit.Page[TopUpOffer](
        items=[
            TopUpOffer(
                package_id=one.package.id,
                name=one.package.name,
                pay_fen=one.package.pay_fen,
                bonus_fen=one.package.bonus_fen,
                bonus_days=one.package.bonus_days,
                refusal=None if one.refusal is None else one.refusal.sentence(locale),
            )
            for one in found
        ]
    )


async def foreseen(customer_id: int, query: ForeseenQuery, caller: Operator) -> object:
    """What a top-up would come to."""
    wish = counter.TopUpWish(customer_id, query.package_id, query.amount_fen, query.store)
    return await counter_foreseen.of(caller.id, wish)


async def top_up(
    customer_id: int, body: NewCounterTopUp, caller: Operator, key: kit.IdempotencyKey
) -> object:
    """A top-up paid at the counter."""
    caller.refuse_other_store("money.take", body.store)
    wish = counter.TopUpWish(
        customer_id, body.package_id, body.amount_fen, body.store, body.agreement_version
    )
    return await counter.top_up(caller.id, wish, body.taking(), key=key)


async def bill(
    bill_no: str, body: NewCounterBillPayment, caller: Operator, key: kit.IdempotencyKey
) -> object:
    """A bill paid at the counter."""
    return await counter.bill(caller.id, bill_no, body.taking(), amount_fen=body.amount_fen, key=key)


async def undo(counter_no: str, body: Undoing, caller: Operator, key: kit.IdempotencyKey) -> object:
    """It was recorded wrongly."""
    return await counter_undo.undo(caller.id, counter_no, reason=body.reason, key=key)


async def listing(query: CounterQuery) -> object:
    """The newest first."""
    rows = await counter.page(
        customer_id=query.customer_id,
        tender=query.tender,
        since=None if query.since_on is None else clock.start_of(query.since_on),
        before=query.after(int),
        limit=query.limit + 1,
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(counter_no: str) -> object:
    """One counter payment."""
    return await counter.get(counter_no)
