"""Orders and stock."""

from admin_api import orders, stock
from admin_api.routes.caller import OPERATOR
from core import http as kit
from shop import order_review, shipments
from shop import stock as shop_stock

_STEP = (order_review.NoSuchOrder, order_review.OrderStateForbids)

ROUTES = (
    kit.get(
        "/orders",
        orders.listing,
        summary=("全部订单", "All orders"),
        answer=kit.Page[orders.Order],
        auth=OPERATOR,
    ),
    kit.get(
        "/order-mark",
        orders.mark,
        summary=("订单有无变动", "Whether orders have changed"),
        description=(
            "供屏幕轮询：编号不变时不必再读订单。不含任何顾客信息。",
            "For screens that keep themselves up to date: while it is the same, orders need not be read. Tells of no customer.",
        ),
        answer=orders.Mark,
        auth=OPERATOR,
    ),
    kit.get(
        "/orders/{order_no}",
        orders.one,
        summary=("一张订单", "One order"),
        description=("含每一步的记录和包裹。", "With its history and its parcels."),
        answer=orders.OrderRecord,
        refusals=(order_review.NoSuchOrder,),
        auth=OPERATOR,
    ),
    kit.post(
        "/orders/{order_no}/reveal",
        orders.reveal,
        summary=("查看收件人电话", "Show whom it goes to"),
        description=(
            "列表和订单里的电话部分隐藏；查看完整号码会记入操作记录。",
            "Lists and orders show the phone masked; that the whole number was looked at is written down.",
        ),
        answer=orders.Recipient,
        refusals=(order_review.NoSuchOrder,),
        auth=OPERATOR,
    ),
    kit.post(
        "/orders/{order_no}/confirm",
        orders.confirm,
        summary=("审核通过", "The shop will deliver it"),
        answer=orders.OrderRecord,
        refusals=(*_STEP, order_review.OrderRefunded, order_review.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/orders/{order_no}/reject",
        orders.reject,
        summary=("审核不通过", "The shop will not deliver it"),
        description=(
            "释放库存、原路退款并告知顾客。退款超过复核限额的不会立即执行，返回 approval_no，等待另一位员工复核。",
            "The stock is freed, the money goes back, the customer is told. What gives back more than the shop's limit waits as "
            "`approval_no`, which another operator decides on.",
        ),
        answer=orders.OrderEnding,
        refusals=(
            *_STEP,
            order_review.OrderEndWaits,
            order_review.BillPaymentPending,
            order_review.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/orders/{order_no}/cancel",
        orders.cancel,
        summary=("取消订单", "Cancel it before anything of it left"),
        description=(
            "释放库存、原路退款并告知顾客。退款超过复核限额的不会立即执行，返回 approval_no，等待另一位员工复核。",
            "The stock is freed, the money goes back, the customer is told. What gives back more than the shop's limit waits as "
            "`approval_no`, which another operator decides on.",
        ),
        answer=orders.OrderEnding,
        refusals=(
            *_STEP,
            order_review.OrderEndWaits,
            order_review.BillPaymentPending,
            order_review.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/orders/{order_no}/shipments",
        orders.ship,
        summary=("发货", "Send out all of it, or part of it"),
        description=(
            "可分多个包裹；最后一个发出后订单为已发货。",
            "In several parcels; with the last of it the order is shipped.",
        ),
        status=201,
        answer=orders.OrderRecord,
        refusals=(
            *_STEP,
            shipments.OrderNotReviewed,
            shipments.OrderRefunded,
            shipments.NotInOrder,
            shipments.NotToBeShipped,
            shipments.AlreadyShipped,
            shipments.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/orders/{order_no}/hand-over",
        orders.hand_over,
        summary=("当面交付", "Give it over the counter"),
        answer=orders.OrderRecord,
        refusals=(*_STEP, order_review.OrderNotReviewed, order_review.OrderRefunded, order_review.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/orders/{order_no}/close",
        orders.close,
        summary=("其余不再发货", "Send nothing more of it"),
        description=(
            "用于已发出一部分、款项已全部退回的订单：释放其余商品的库存，已发出的照常收货或退货。分期未付的先核销。",
            "For an order that went out in part and of which all money is back: the stock kept for the rest is freed, what is on its way is "
            "received or sent back as ever. Parts that are still to be paid are written off first.",
        ),
        answer=orders.OrderRecord,
        refusals=(*_STEP, order_review.OrderNotRefunded, order_review.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/skus/{sku_id}/stock",
        stock.levels,
        summary=("各门店库存", "What every store has of it"),
        answer=kit.Page[stock.Level],
        auth=OPERATOR,
    ),
    kit.post(
        "/skus/{sku_id}/stock",
        stock.change,
        summary=("盘点、增减库存，设提醒", "Count or change stock, set when to be told"),
        answer=stock.Level,
        refusals=(
            shop_stock.NoSuchSku,
            shop_stock.StockReserved,
            shop_stock.StockOutOfRange,
            shop_stock.CountedOrChanged,
            shop_stock.NoSuchStore,
            shop_stock.NotYourStore,
            shop_stock.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/skus/{sku_id}/stock/movements",
        stock.movements,
        summary=("库存变动记录", "What came and left"),
        answer=kit.Page[stock.Movement],
        auth=OPERATOR,
    ),
)
