"""The cart, and what an order would come to."""

from typing import Annotated

from pydantic import Field

from core import http as kit
from miniapp_api.orders import AddressId, CouponNos, Discount, Lines, Points, StoreField
from miniapp_api.products import StoreQuery
from miniapp_api.services import Customer
from shop import cart, orders, quotes, stock


class CartAddition(kit.Body):
    sku_id: Annotated[kit.Id, Field(examples=[1])]
    quantity: Annotated[int, Field(ge=1, le=orders.MAX_QUANTITY, examples=[1])] = 1


class CartChange(kit.Body):
    quantity: Annotated[int, Field(ge=1, le=orders.MAX_QUANTITY, examples=[2])]
    chosen: Annotated[bool, Field(description="是否勾选 · whether it is ticked")] = True


class CartExchange(kit.Body):
    other_sku_id: Annotated[kit.Id, Field(description="换成哪个规格 · the other specification", examples=[2])]


class CartRemoval(kit.Body):
    sku_ids: Annotated[list[kit.Id], Field(min_length=1, max_length=cart.MOST_LINES, examples=[[1, 2]])]


class CartLine(kit.Answer):
    sku_id: int
    product_id: int
    product_name: Annotated[str, Field(examples=["茉莉奶绿"])]
    sku_name: Annotated[str, Field(examples=["大杯"])]
    list_fen: Annotated[int, Field(description="原价 · the price without any reduction", examples=[2800])]
    price_fen: Annotated[int, Field(description="您的价格 · the customer's price", examples=[2600])]
    quantity: int
    chosen: bool
    available: Annotated[int, Field(description="还可下单的数量 · what can still be ordered")]
    for_sale: Annotated[bool, Field(description="是否在售 · whether it can be had at all")]
    in_stock: Annotated[bool, Field(description="数量是否够 · whether there are as many as wanted")]


class Cart(kit.Answer):
    lines: list[CartLine]
    chosen_fen: Annotated[
        int,
        Field(
            description="勾选且买得到的合计，未计优惠和运费 · what the ticked lines that can be had come to, before discounts and freight"
        ),
    ]


class QuoteRequest(kit.Body):
    lines: Lines
    store: StoreField = None
    address_id: AddressId = None
    coupon_nos: CouponNos
    points: Points = 0


class QuoteLine(kit.Answer):
    sku_id: int
    product_name: str
    sku_name: str
    quantity: int
    list_fen: int
    price_fen: int
    amount_fen: int
    discount_fen: int
    tax_percent: Annotated[
        int, Field(description="所含税率（%） · the rate of tax in it, in per cent", examples=[13])
    ]
    tax_fen: Annotated[
        int,
        Field(description="减去优惠后所含的税 · how much of it, after the discount, is tax", examples=[311]),
    ]
    available: int
    in_stock: bool


class Quote(kit.Answer):
    lines: list[QuoteLine]
    goods_fen: int
    discounts: list[Discount]
    discount_fen: int
    freight_fen: int
    tax_fen: Annotated[int, Field(description="合计中所含的税 · how much of the total is tax")]
    total_fen: Annotated[int, Field(description="下单时原样传回 · to be sent back with the order")]
    instalment_parts: Annotated[
        list[int],
        Field(
            description="下单后可分几期付，空为不分期；各期见 payment-ways · in how many parts the order can be paid once it is placed, none: "
            "not; the parts are those of payment-ways",
            examples=[[3, 6]],
        ),
    ]


async def read(query: StoreQuery, caller: Customer) -> object:
    """The cart, priced as of now."""
    return await cart.read(caller.id, store=query.store)


async def add(body: CartAddition, query: StoreQuery, caller: Customer) -> object:
    """Puts so many more into the cart."""
    return await cart.add(caller.id, body.sku_id, body.quantity, store=query.store)


async def put(sku_id: int, body: CartChange, query: StoreQuery, caller: Customer) -> object:
    """So many are in the cart from now on."""
    return await cart.put(caller.id, sku_id, body.quantity, chosen=body.chosen, store=query.store)


async def exchange(sku_id: int, body: CartExchange, query: StoreQuery, caller: Customer) -> object:
    """Another specification instead."""
    return await cart.exchange(caller.id, sku_id, body.other_sku_id, store=query.store)


async def remove(body: CartRemoval, query: StoreQuery, caller: Customer) -> object:
    """Takes SKUs out of the cart."""
    return await cart.remove(caller.id, body.sku_ids, store=query.store)


async def quote(body: QuoteRequest, caller: Customer) -> object:
    """What an order would come to, by the code that places it."""
    wanted = stock.merged((line.sku_id, line.quantity) for line in body.lines)
    wish = quotes.Wish(
        store=body.store,
        address_id=body.address_id,
        coupon_nos=tuple(body.coupon_nos),
        points=body.points,
    )
    return await quotes.quote(caller.id, wanted, wish)
