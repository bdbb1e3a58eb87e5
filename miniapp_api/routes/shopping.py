"""Products and orders."""

from billing import stores
from core import http as kit
from miniapp_api import (
    orders,
    products,
)
from miniapp_api.routes.caller import CUSTOMER, HOLDER
from shop import orders as shop_orders
from shop import products as shop_products

ROUTES = (
    kit.get(
        "/products",
        products.listing,
        summary=("商品", "Products"),
        answer=kit.Page[products.Product],
        refusals=(stores.NoSuchStore,),
        auth=CUSTOMER,
    ),
    kit.get(
        "/products/{product_id}",
        products.one,
        summary=("一件商品", "One product"),
        answer=products.Product,
        refusals=(shop_products.NoSuchProduct, stores.NoSuchStore),
        auth=CUSTOMER,
    ),
    kit.get(
        "/categories",
        products.tree,
        summary=("分类", "Categories"),
        answer=kit.Page[products.Category],
        auth=CUSTOMER,
    ),
    kit.post(
        "/orders",
        orders.place,
        summary=("下单", "Place an order"),
        status=201,
        answer=orders.Order,
        refusals=(
            shop_orders.SkuNotForSale,
            shop_orders.OutOfStock,
            shop_orders.OrderTooLarge,
            shop_orders.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.get(
        "/orders",
        orders.listing,
        summary=("订单", "Orders"),
        answer=kit.Page[orders.Order],
        auth=CUSTOMER,
    ),
    kit.get(
        "/orders/{order_no}",
        orders.one,
        summary=("一张订单", "One order"),
        answer=orders.Order,
        refusals=(shop_orders.NoSuchOrder,),
        auth=CUSTOMER,
    ),
    kit.post(
        "/orders/{order_no}/pay",
        orders.pay,
        summary=("用余额支付订单", "Pay an order from the balance"),
        answer=orders.Order,
        refusals=(
            shop_orders.NoSuchOrder,
            shop_orders.OrderStateForbids,
            shop_orders.BillPaymentPending,
            shop_orders.BillUnderReview,
            shop_orders.InsufficientBalance,
            shop_orders.KeyReused,
        ),
        auth=HOLDER,
        idempotent=True,
    ),
    kit.post(
        "/orders/{order_no}/cancel",
        orders.cancel,
        summary=("取消订单", "Cancel an order"),
        description=(
            "库存放回，已付的钱按原批次退回余额。",
            "Stock is given back, and what was paid returns to the balance it came from.",
        ),
        answer=orders.Order,
        refusals=(shop_orders.NoSuchOrder, shop_orders.OrderStateForbids, shop_orders.BillPaymentPending),
        auth=CUSTOMER,
    ),
)
