"""Closings: accounts that are given up and paid out."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from admin_api.adjustments import Reason
from admin_api.merges import Obstacle, Requested, obstacles
from admin_api.services import Operator
from billing import closings, payouts
from core import http as kit


class NewClosing(kit.Body):
    reason: Reason
    by_channel: Annotated[
        bool,
        Field(
            description="充值余下的本金在渠道一年退款期内先原路退回，其余在柜台退；false 为全部在柜台退 · what is left of top-ups goes back "
            "by their channels within their year, the rest at the counter; false: all at the counter"
        ),
    ] = True


class NewPayout(kit.Body):
    receipt_no: Annotated[
        str,
        StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$"),
        Field(description="顾客签收的收据号 · the receipt the customer signed", examples=["SJ-20261125-01"]),
    ]
    amount_fen: Annotated[kit.PositiveFen | None, Field(description="不填为全部 · left out: all of it")] = (
        None
    )


class ClosingsQuery(kit.PageQuery):
    state: Literal["paying", "closed"] | None = None


class Preview(kit.Answer):
    customer_id: int
    principal_fen: Annotated[int, Field(description="将退还的本金 · principal to be paid out")]
    by_channel_fen: Annotated[
        int, Field(description="其中可原路退回的 · of that, what channels can pay back")
    ]
    bonus_fen: Annotated[int, Field(description="将失效的赠送 · bonus that would lapse")]
    plans: Annotated[int, Field(description="将终止的扣费计划 · plans that would end")]
    pending_top_ups: Annotated[int, Field(description="未付的充值 · unpaid top-ups")]
    points: Annotated[int, Field(description="将作废的积分 · points that would be gone")]
    coupons: Annotated[int, Field(description="将作废的优惠券 · coupons that would be gone")]
    obstacles: Annotated[list[Obstacle], Field(description="空则可以销户 · empty: it could be done")]


class Closing(kit.Answer):
    closing_no: str
    customer_id: int
    reason: str
    operator_id: int
    approval_no: str
    state: Literal["paying", "closed"]
    bonus_fen: Annotated[int, Field(description="失效的赠送 · bonus that lapsed")]
    paid_out_fen: Annotated[int, Field(description="已退还的本金 · principal paid out")]
    created_at: kit.Instant
    closed_at: kit.Instant | None


class Payout(kit.Answer):
    payout_no: str
    amount_fen: int
    receipt_no: Annotated[
        str,
        Field(description="收据号，或渠道的转账单号 · the receipt, or the channel's number of the transfer"),
    ]
    tender: Annotated[str, Field(examples=["counter", "wechat_pay"])]
    remittance_no: str | None
    operator_id: int
    created_at: kit.Instant


class ClosingRefund(kit.Answer):
    refund_no: str
    subject_no: Annotated[str, Field(description="充值单号 · the top-up")]
    amount_fen: int
    state: Annotated[
        str,
        Field(
            description="open 在途，paid 已退，failed 被拒，款项已回账户 · on its way, paid back, or refused and on the account again"
        ),
    ]


class ClosingWithPayouts(Closing):
    payouts: list[Payout]
    refunds: Annotated[list[ClosingRefund], Field(description="原路退回的 · what goes back by channels")]


async def preview(customer_id: int, locale: str) -> Preview:
    """What closing the account would do."""
    seen = await closings.preview(customer_id)
    shown = {name: getattr(seen, name) for name in Preview.model_fields}
    return Preview.model_validate({**shown, "obstacles": obstacles(seen.obstacles, locale)})


async def request(customer_id: int, body: NewClosing, caller: Operator, key: kit.IdempotencyKey) -> Requested:
    """Asks for an account to be closed; a second person decides."""
    number = await closings.request(
        caller.id, customer_id, reason=body.reason, by_channel=body.by_channel, key=key
    )
    return Requested(approval_no=number)


async def pay_out(closing_no: str, body: NewPayout, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Records principal handed to the customer at the counter."""
    return await payouts.at_counter(
        caller.id, closing_no, receipt_no=body.receipt_no, amount_fen=body.amount_fen, key=key
    )


async def listing(query: ClosingsQuery) -> object:
    """The newest first."""
    rows = await closings.page(state=query.state, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def one(closing_no: str) -> ClosingWithPayouts:
    """One closing with what was paid out."""
    closing = Closing.model_validate(await closings.get(closing_no))
    paid = [Payout.model_validate(row) for row in await payouts.of(closing_no)]
    back = [ClosingRefund.model_validate(row) for row in await closings.refunds(closing_no)]
    return ClosingWithPayouts(**closing.model_dump(), payouts=paid, refunds=back)
