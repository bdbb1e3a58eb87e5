"""Products, the cart, and orders."""

from billing import stores
from core import http as kit
from gateways.objects import StoreFailed
from miniapp_api import (
    cart,
    orders,
    products,
    savings,
)
from miniapp_api.routes.caller import CUSTOMER, HOLDER
from shop import cart as shop_cart
from shop import images as shop_images
from shop import order_changes, order_instalments, quotes
from shop import orders as shop_orders
from shop import products as shop_products

_FIRST_LINE = {
    "lines": [{"sku_id": "$response.body#/lines/0/sku_id", "quantity": "$response.body#/lines/0/quantity"}]
}
_INTO_CART = (shop_cart.SkuNotForSale, shop_cart.CartFull, shop_cart.NoSuchStore)
_NOT_CHANGED = (
    shop_orders.NoSuchOrder,
    shop_orders.OrderStateForbids,
    order_changes.BillPaymentPending,
    order_changes.BillUnderReview,
    order_changes.BillPaymentAwaited,
)

ROUTES = (
    kit.get(
        "/products",
        products.listing,
        summary=("商品：查找、筛选、排序", "Products: find, filter, sort"),
        answer=kit.Page[products.Product],
        refusals=(stores.NoSuchStore,),
        auth=CUSTOMER,
        conditional=True,
        links=(kit.Link("cart_add", {"sku_id": "$response.body#/items/0/skus/0/id", "quantity": 1}),),
    ),
    kit.get(
        "/products/{product_id}",
        products.one,
        summary=("一件商品", "One product"),
        answer=products.Product,
        refusals=(shop_products.NoSuchProduct, stores.NoSuchStore),
        auth=CUSTOMER,
        conditional=True,
        links=(kit.Link("cart_add", {"sku_id": "$response.body#/skus/0/id", "quantity": 1}),),
    ),
    kit.get(
        "/images/{image_key}/{size}",
        products.image,
        summary=("商品图片", "A picture of a product"),
        description=(
            "不用登录。同一个 key 的内容永不改变，可以一直缓存。",
            "Nobody has to be signed in. What is under a key never changes and may be kept for ever.",
        ),
        file=shop_images.MEDIA_TYPE,
        refusals=(shop_images.NoSuchImage, StoreFailed),
    ),
    kit.get(
        "/categories",
        products.tree,
        summary=("分类", "Categories"),
        answer=kit.Page[products.Category],
        auth=CUSTOMER,
        conditional=True,
    ),
    kit.get(
        "/cart",
        cart.read,
        summary=("购物车", "The cart"),
        answer=cart.Cart,
        refusals=(shop_cart.NoSuchStore,),
        auth=CUSTOMER,
    ),
    kit.post(
        "/cart",
        cart.add,
        summary=("加入购物车", "Put into the cart"),
        description=(
            "已有的规格数量相加，每种最多 999 件。",
            "What is in the cart already becomes more, up to 999 of one SKU.",
        ),
        answer=cart.Cart,
        refusals=_INTO_CART,
        auth=CUSTOMER,
        links=(kit.Link("cart_quote", _FIRST_LINE), kit.Link("savings_read", _FIRST_LINE)),
    ),
    kit.put(
        "/cart/{sku_id}",
        cart.put,
        summary=("修改数量、勾选", "Set how many, and whether it is ticked"),
        answer=cart.Cart,
        refusals=_INTO_CART,
        auth=CUSTOMER,
    ),
    kit.post(
        "/cart/{sku_id}/exchange",
        cart.exchange,
        summary=("换规格", "Another specification instead"),
        answer=cart.Cart,
        refusals=(shop_cart.NotInCart, *_INTO_CART),
        auth=CUSTOMER,
    ),
    kit.post(
        "/cart/remove",
        cart.remove,
        summary=("移出购物车", "Take out of the cart"),
        answer=cart.Cart,
        refusals=(shop_cart.NoSuchStore,),
        auth=CUSTOMER,
    ),
    kit.post(
        "/quotes",
        cart.quote,
        summary=("价格预览", "What an order would come to"),
        description=(
            "与下单用同一段计算；库存不够不拒绝，见 in_stock。",
            "Computed by what places orders; too little in stock is no refusal, see in_stock.",
        ),
        answer=cart.Quote,
        refusals=quotes.REFUSALS,
        auth=CUSTOMER,
        links=(kit.Link("orders_place", {**_FIRST_LINE, "total_fen": "$response.body#/total_fen"}),),
    ),
    kit.post(
        "/quotes/savings",
        savings.read,
        summary=("可用的优惠券与积分", "Which coupons and points could be used"),
        description=(
            "每张券单独使用能减多少，不能用的说明原因；积分按不用券计算。",
            "What each coupon alone would take off, or why it would not; points as if no coupon were used.",
        ),
        answer=savings.Savings,
        refusals=(quotes.SkuNotForSale, quotes.QuantityTooLarge, quotes.OrderTooLarge, stores.NoSuchStore),
        auth=CUSTOMER,
    ),
    kit.post(
        "/orders",
        orders.place,
        summary=("下单", "Place an order"),
        status=201,
        answer=orders.Order,
        refusals=(
            *shop_orders.REFUSALS,
            shop_orders.BillPaymentPending,
            shop_orders.BillUnderReview,
            shop_orders.OrderStateForbids,
            shop_orders.KeyReused,
        ),
        auth=HOLDER,
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
        description=("含每一步的记录和包裹。", "With its history and its parcels."),
        answer=orders.OrderRecord,
        refusals=(shop_orders.NoSuchOrder,),
        auth=CUSTOMER,
    ),
    kit.patch(
        "/orders/{order_no}",
        orders.change,
        summary=("修改未付款的订单", "Change an unpaid order"),
        description=(
            "不填的都不变。按现价重新计算，账单随之改变。",
            "What is left out stays. It is priced anew, and its bill with it.",
        ),
        answer=orders.Order,
        refusals=(*_NOT_CHANGED, *shop_orders.REFUSALS, shop_orders.KeyReused),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.post(
        "/orders/{order_no}/quotes",
        orders.preview,
        summary=("修改订单的价格预览", "What a changed order would come to"),
        description=(
            "与修改用同一段计算：不填的都不变，订单已用的优惠券、积分和预留的库存都算可用。什么也不改变。",
            "Computed by what changes orders: what is left out stays, and the coupons, points and stock the order has count as free. "
            "Nothing is changed.",
        ),
        answer=cart.Quote,
        refusals=(*_NOT_CHANGED, *quotes.REFUSALS),
        auth=CUSTOMER,
    ),
    kit.get(
        "/orders/{order_no}/payment-ways",
        orders.payment_ways,
        summary=("这张订单可以怎样付", "By what an order can be paid"),
        answer=kit.Page[orders.PaymentWay],
        refusals=(
            shop_orders.NoSuchOrder,
            shop_orders.OrderStateForbids,
            shop_orders.BillPaymentPending,
            shop_orders.BillUnderReview,
        ),
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
        "/orders/{order_no}/instalments",
        orders.pay_in_parts,
        summary=("分期付订单", "Pay an order by instalments"),
        description=(
            "同意 payment-ways 中某一分期方案：首期从余额扣，订单即算已付；其余各期到期从余额扣，也可在账单处提前付。",
            "Agrees to one of the offers of payment-ways: the first part is taken from the balance, and the order counts as paid; the others "
            "are taken when they are due, or paid earlier like any bill.",
        ),
        answer=orders.Order,
        refusals=(
            shop_orders.NoSuchOrder,
            shop_orders.OrderStateForbids,
            order_instalments.InstalmentsNotOffered,
            order_instalments.ConsentOutdated,
            order_instalments.FirstPartNeedsReview,
            shop_orders.InsufficientBalance,
            shop_orders.BillPaymentPending,
            shop_orders.BillUnderReview,
            shop_orders.BillPaymentAwaited,
            shop_orders.KeyReused,
        ),
        auth=CUSTOMER,
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
        refusals=(
            shop_orders.NoSuchOrder,
            shop_orders.OrderStateForbids,
            shop_orders.BillPaymentPending,
            shop_orders.BillPaymentAwaited,
        ),
        auth=CUSTOMER,
    ),
    kit.post(
        "/orders/{order_no}/receive",
        orders.receive,
        summary=("确认收货", "Confirm that it was received"),
        answer=orders.Order,
        refusals=(shop_orders.NoSuchOrder, shop_orders.OrderStateForbids),
        auth=CUSTOMER,
    ),
    kit.delete(
        "/orders/{order_no}",
        orders.hide,
        summary=("删除订单记录", "Take an ended order off the list"),
        refusals=(shop_orders.NoSuchOrder, shop_orders.OrderStateForbids),
        auth=CUSTOMER,
    ),
)
