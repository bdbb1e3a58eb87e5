"""Orders: placing them, changing them, paying them from the balance, cancelling, receiving."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from billing import instalments_of_orders
from core import http as kit
from miniapp_api.bills import ConsentVersion, Part, PlannedPart
from miniapp_api.packages import Refusal
from miniapp_api.payment_methods import MethodsQuery
from miniapp_api.services import Customer, Holder, Services
from shop import notes_told, order_changes, order_instalments, order_payments, order_records, orders, stock

State = Literal["placed", "paid", "confirmed", "shipping", "shipped", "completed", "cancelled"]
_STATES = (
    "placed 待付款，paid 已付款，confirmed 店家已确认，shipping 部分发货，shipped 已发货，completed 已完成，cancelled 已取消 · to be "
    "paid, paid, confirmed by the shop, partly shipped, shipped, completed, cancelled"
)
Remark = Annotated[
    Annotated[kit.Text, Field(max_length=200)],
    Field(description="给店家的话 · a word to the shop", examples=["少冰，放门口"]),
]
StoreField = Annotated[
    Annotated[kit.No, Field(max_length=20)] | None,
    Field(
        description="从哪家门店取或发，不填为总店 · from which store; left out: the shop's own stock",
        examples=["west-lake"],
    ),
]
CouponNos = Annotated[
    list[kit.No],
    Field(
        max_length=20,
        default_factory=list,
        description="用哪些优惠券 · which coupons to use",
        examples=[["K261126…"]],
    ),
]
Points = Annotated[
    int, Field(ge=0, le=1_000_000_000, description="用多少积分 · how many points to use", examples=[100])
]
Total = Annotated[
    kit.Fen | None,
    Field(
        description="顾客看到的合计；现在不是这个数则拒绝（price_changed） · the total the customer saw; refused if it is another now",
        examples=[5600],
    ),
]


AddressId = Annotated[
    kit.Id | None,
    Field(
        description="寄到哪个收货地址；不填为到店自取 · to which address; left out: it is fetched",
        examples=[7],
    ),
]


class Wanted(kit.Body):
    sku_id: Annotated[kit.Id, Field(examples=[1])]
    quantity: Annotated[int, Field(ge=1, le=orders.MAX_QUANTITY, examples=[2])]


Lines = Annotated[list[Wanted], Field(min_length=1, max_length=orders.MAX_LINES)]


class NewOrder(kit.Body):
    lines: Lines
    store: StoreField = None
    remark: Remark = ""
    address_id: AddressId = None
    coupon_nos: CouponNos
    points: Points = 0
    total_fen: Total = None
    pay_from: Annotated[
        Literal["balance"] | None,
        Field(
            description="下单后立即用余额支付；余额不足则订单待付款 · paid at once from the balance; placed only, where that does not "
            "cover it"
        ),
    ] = None


class OrderWish(kit.Body):
    lines: Annotated[
        Lines | None, Field(description="全部商品；不填则不变 · all lines; left out: the same")
    ] = None
    address_id: Annotated[kit.Id | None, Field(description="不填则不变 · left out: the same")] = None
    coupon_nos: Annotated[
        Annotated[list[kit.No], Field(max_length=20)] | None,
        Field(
            description="用哪些优惠券；不填则不变，空数组为不用 · which coupons to use; left out: the same, an empty list: none",
            examples=[["K261126…"]],
        ),
    ] = None
    points: Annotated[
        Points | None,
        Field(
            description="用多少积分；不填则不变，0 为不用 · how many points to use; left out: the same, 0: none"
        ),
    ] = None


class OrderChange(OrderWish):
    remark: Annotated[Remark | None, Field(description="不填则不变 · left out: the same")] = None
    total_fen: Total = None


class Nothing(kit.Body):
    """An empty object: the address says everything."""


class Line(kit.Answer):
    sku_id: int
    product_name: str
    sku_name: str
    list_fen: Annotated[int, Field(description="原价 · the price without any reduction")]
    price_fen: int
    quantity: int
    amount_fen: int
    discount_fen: Annotated[
        int, Field(description="这一行分摊的优惠 · its share of the discount", examples=[0])
    ]
    tax_percent: Annotated[
        int, Field(description="所含税率（%） · the rate of tax in it, in per cent", examples=[13])
    ]
    tax_fen: Annotated[
        int,
        Field(description="减去优惠后所含的税 · how much of it, after the discount, is tax", examples=[311]),
    ]
    shipped: Annotated[int, Field(description="已发出的件数 · how many of it have gone out")]


class Discount(kit.Answer):
    kind: Annotated[str, Field(examples=["coupon", "points"])]
    name: Annotated[str, Field(description="优惠券名称 · what the coupon is called", examples=["满50减5"])]
    coupon_no: Annotated[
        str | None, Field(description="哪张优惠券，null 不是优惠券 · which coupon; null: it is none")
    ]
    amount_fen: int
    points: Annotated[int, Field(description="用了多少积分 · how many points were used", examples=[0])]


class AddressShown(kit.Answer):
    recipient: Annotated[str, Field(examples=["李小雨"])]
    phone: Annotated[str, Field(examples=["13800138000"])]
    region_code: Annotated[str, Field(examples=["330106"])]
    province: str
    city: str
    district: str
    detail: str


class Order(kit.Answer):
    order_no: str
    state: Annotated[State, Field(description=_STATES)]
    under_review: Annotated[
        bool, Field(description="付款核实中，款项已冻结 · its payment is being checked, the money is on hold")
    ]
    goods_fen: int
    discount_fen: int
    freight_fen: int
    total_fen: Annotated[int, Field(description="商品减优惠加运费 · goods less discount plus freight")]
    tax_fen: Annotated[int, Field(description="合计中所含的税 · how much of the total is tax")]
    discounts: list[Discount]
    address: AddressShown | None
    remark: str
    lines: list[Line]
    bill_no: str
    placed_at: kit.Instant
    expires_at: Annotated[kit.Instant, Field(description="未付款则届时取消 · cancelled then if unpaid")]


class Event(kit.Answer):
    step: Annotated[str, Field(examples=["place", "pay", "ship"])]
    was: str | None
    became: str
    note: Annotated[
        str | None,
        Field(
            description="写给顾客的说明，按语言 · what the customer is told of it, in their language",
            examples=["合计由 30.00 元改为 38.00 元"],
        ),
    ]
    at: kit.Instant


class ShippedLine(kit.Answer):
    sku_id: int
    quantity: int


class TrailStep(kit.Answer):
    at: kit.Instant
    text: Annotated[str, Field(examples=["【杭州市】已揽收"])]


class Trail(kit.Answer):
    state: Annotated[
        str | None,
        Field(
            description="物流状态，null 还不知道 · where it is, null: not known yet",
            examples=["on_the_way", "signed"],
        ),
    ]
    steps: Annotated[list[TrailStep], Field(description="最近的在前 · the latest first")]


class Shipment(kit.Answer):
    shipment_no: str
    carrier: Annotated[str, Field(examples=["顺丰"])]
    tracking_no: Annotated[str, Field(examples=["SF1234567890123"])]
    shipped_at: kit.Instant
    lines: list[ShippedLine]
    trail: Annotated[Trail | None, Field(description="物流轨迹 · its way, where it is followed")]


class OrderRecord(Order):
    history: Annotated[list[Event], Field(description="每一步，从下单起 · every step, from its placing on")]
    shipments: Annotated[list[Shipment], Field(description="包裹 · parcels")]
    owed_fen: Annotated[int, Field(description="还需付多少 · how much is still to be paid")]
    instalments: Annotated[
        list[Part], Field(description="分期的各期；不分期为空 · its parts; empty when not in instalments")
    ]


class OrdersQuery(kit.PageQuery):
    state: Annotated[
        list[State],
        Field(
            max_length=7,
            default_factory=list,
            description="只看这些状态，可重复 · only these states; may repeat",
        ),
    ]


class InParts(kit.Body):
    parts: Annotated[
        int,
        Field(ge=2, le=36, description="分几期，含首期 · in how many parts, the first at once", examples=[3]),
    ]
    consent_version: ConsentVersion


class InstalmentsOffer(kit.Answer):
    consent_version: str
    consent_text: Annotated[str, Field(description="确认即同意的条款 · what agreeing agrees to")]
    parts: Annotated[
        list[PlannedPart], Field(description="各期，首期现在付 · the parts, the first of them at once")
    ]


class PaymentWay(kit.Answer):
    kind: Annotated[
        Literal["balance", "credit", "channel", "instalments", "counter"],
        Field(
            description="balance：POST …/pay；credit：同上，不足部分用信用额度；channel：POST …/combined-payments，可带余额；instalments：POST …/instalments，分期；counter：到店付 · "
            "by …/pay; the same, drawing on credit; by …/combined-payments, with a share of the balance or without; by …/instalments, in parts; at the shop"
        ),
    ]
    balance_fen: Annotated[
        int,
        Field(description="其中可用余额付多少 · how much of it the balance gives, or can give at most"),
    ]
    credit_fen: int
    channel: Annotated[str | None, Field(examples=["wechat_pay"])]
    method: Annotated[str | None, Field(examples=["jsapi"])]
    refusal: Annotated[
        Refusal | None,
        Field(description="现在不能用的原因，null 可以用 · why it cannot be taken now; null: it can"),
    ]
    offer: Annotated[
        InstalmentsOffer | None, Field(description="分期的内容 · of instalments: what is agreed to")
    ]


async def payment_ways(
    order_no: str, query: MethodsQuery, caller: Customer, services: Services, locale: str
) -> kit.Page[PaymentWay]:
    """The ways of paying it where the customer is."""
    found = await order_payments.ways(services.channels, caller.id, order_no, query.client)
    return kit.Page[PaymentWay](items=[_way(way, locale) for way in found])


def _way(way: order_payments.Way, locale: str) -> PaymentWay:
    no = way.refusal
    return PaymentWay(
        kind=way.kind,
        balance_fen=way.balance_fen,
        credit_fen=way.credit_fen,
        channel=way.channel,
        method=way.method,
        refusal=None if no is None else Refusal(code=no.code, message=no.sentence(locale)),
        offer=None if way.offer is None else _offer(way.offer, locale),
    )


def _offer(offer: instalments_of_orders.Offer, locale: str) -> InstalmentsOffer:
    planned = [
        PlannedPart(part_no=nth, amount_fen=part.amount_fen, due_on=part.due_on)
        for nth, part in enumerate(offer.parts, 1)
    ]
    return InstalmentsOffer(
        consent_version=offer.consent_version, consent_text=offer.consent_text(locale), parts=planned
    )


async def place(body: NewOrder, caller: Holder, key: kit.IdempotencyKey) -> object:
    """Reserves the stock and fixes the prices."""
    return await orders.admit_and_place(caller.id, _wanted(body.lines), _how(body), key=key)


async def listing(query: OrdersQuery, caller: Customer) -> object:
    """The newest first."""
    rows = await orders.page(
        caller.id, states=query.state or None, before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(order_no: str, caller: Customer, locale: str) -> object:
    """One order with its history and parcels."""
    found = await order_records.read(order_no, customer_id=caller.id)
    return replace(found, history=tuple(notes_told.of_order(event, locale) for event in found.history))


async def change(order_no: str, body: OrderChange, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Changes an unpaid order; it is priced anew."""
    wish = replace(_change(body), remark=body.remark, total_fen=body.total_fen)
    return await order_changes.edit(caller.id, order_no, wish, key=key)


async def preview(order_no: str, body: OrderWish, caller: Customer) -> object:
    """What a changed order would come to."""
    return await order_changes.preview(caller.id, order_no, _change(body))


async def pay(order_no: str, body: Nothing, caller: Holder, key: kit.IdempotencyKey) -> object:
    """Pays from the balance."""
    return await orders.admit_and_pay(caller.id, order_no, key=key)


async def pay_in_parts(
    order_no: str, body: InParts, caller: Customer, key: kit.IdempotencyKey, locale: str
) -> object:
    """Agrees to instalments and pays the first part."""
    return await order_instalments.agree(
        caller.id,
        order_no,
        count=body.parts,
        consent_version=body.consent_version,
        locale=locale,
        key=key,
    )


async def cancel(order_no: str, body: Nothing, caller: Customer) -> object:
    """Gives the stock back, and what was paid."""
    return await orders.cancel(caller.id, order_no)


async def receive(order_no: str, body: Nothing, caller: Customer) -> object:
    """The customer has all of it."""
    return await orders.receive(caller.id, order_no)


async def hide(order_no: str, caller: Customer) -> None:
    """Takes an ended order off the list."""
    await orders.hide(caller.id, order_no)


def _change(body: OrderWish) -> order_changes.Change:
    return order_changes.Change(
        quantities=None
        if body.lines is None
        else stock.merged((line.sku_id, line.quantity) for line in body.lines),
        address_id=body.address_id,
        coupon_nos=None if body.coupon_nos is None else tuple(body.coupon_nos),
        points=body.points,
    )


def _how(body: NewOrder) -> orders.How:
    return orders.How(
        store=body.store,
        address_id=body.address_id,
        coupon_nos=tuple(body.coupon_nos),
        points=body.points,
        remark=body.remark,
        total_fen=body.total_fen,
        pay_from=body.pay_from,
    )


def _wanted(lines: list[Wanted]) -> list[orders.Wanted]:
    return [orders.Wanted(line.sku_id, line.quantity) for line in lines]
