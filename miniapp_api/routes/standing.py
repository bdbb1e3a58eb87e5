"""Standing orders: goods again and again."""

from core import http as kit
from miniapp_api import standing_orders
from miniapp_api.routes.caller import CUSTOMER
from shop import standing_orders as desk
from shop import standing_pauses

_VERB = (standing_pauses.NoSuchStandingOrder, standing_pauses.NotByCustomers, standing_pauses.KeyReused)

ROUTES = (
    kit.get(
        "/standing-order-terms",
        standing_orders.agreement,
        summary=("周期订购条款", "What starting a standing order agrees to"),
        answer=standing_orders.StandingTerms,
        auth=CUSTOMER,
    ),
    kit.post(
        "/standing-orders",
        standing_orders.start,
        summary=("开通周期订购", "Start a standing order"),
        description=(
            "到每个配送日前自动按当天价格下单，从余额付款；一次不超过 most_fen。",
            "Ahead of each day an order is placed at that moment's prices and paid from the balance, each for no more than `most_fen`.",
        ),
        status=201,
        answer=standing_orders.StandingOrder,
        refusals=desk.STARTING,
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.get(
        "/standing-orders",
        standing_orders.listing,
        summary=("我的周期订购", "The customer's standing orders"),
        answer=kit.Page[standing_orders.StandingOrder],
        auth=CUSTOMER,
    ),
    kit.get(
        "/standing-orders/{standing_id}",
        standing_orders.one,
        summary=("一个周期订购", "One standing order"),
        answer=standing_orders.StandingOrder,
        refusals=(desk.NoSuchStandingOrder,),
        auth=CUSTOMER,
    ),
    kit.get(
        "/standing-orders/{standing_id}/ahead",
        standing_orders.ahead,
        summary=("接下来的配送", "What is delivered next"),
        description=(
            "哪天、约多少钱、余额够不够。",
            "When, for how much at today's prices, and whether the balance covers it.",
        ),
        answer=kit.Page[standing_orders.Coming],
        refusals=(desk.NoSuchStandingOrder,),
        auth=CUSTOMER,
    ),
    kit.get(
        "/standing-orders/{standing_id}/deliveries",
        standing_orders.deliveries,
        summary=("以往各次的结果", "What became of deliveries"),
        answer=kit.Page[standing_orders.Delivery],
        refusals=(desk.NoSuchStandingOrder,),
        auth=CUSTOMER,
    ),
    kit.post(
        "/standing-orders/{standing_id}/changes",
        standing_orders.change,
        summary=("修改周期订购", "Change a standing order"),
        description=(
            "从下一次下单起生效；已下的单不变。改日程请结束后重新开通。",
            "From the next order on; orders that are placed stay. For other days end it and start another.",
        ),
        answer=standing_orders.StandingOrder,
        refusals=(*_VERB, *desk.CHANGING),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.post(
        "/standing-orders/{standing_id}/pause",
        standing_orders.pause,
        summary=("暂停周期订购", "Pause a standing order"),
        answer=standing_orders.StandingOrder,
        refusals=(*_VERB, standing_pauses.StandingOrderNotRunning, standing_pauses.PauseOutOfRange),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.post(
        "/standing-orders/{standing_id}/resume",
        standing_orders.resume,
        summary=("恢复周期订购", "Resume a standing order"),
        answer=standing_orders.StandingOrder,
        refusals=(*_VERB, standing_pauses.StandingOrderNotPaused),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.post(
        "/standing-orders/{standing_id}/skip",
        standing_orders.skip,
        summary=("跳过一次", "Skip one delivery"),
        answer=standing_orders.StandingOrder,
        refusals=(*_VERB, *standing_pauses.SKIPPING),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.post(
        "/standing-orders/{standing_id}/accept",
        standing_orders.accept,
        summary=("同意一次超过上限的配送", "Agree to one delivery above the most"),
        answer=standing_orders.StandingOrder,
        refusals=(
            standing_pauses.NoSuchStandingOrder,
            standing_pauses.NoSuchDelivery,
            standing_pauses.DeliveryNotAhead,
            standing_pauses.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.post(
        "/standing-orders/{standing_id}/end",
        standing_orders.end,
        summary=("结束周期订购", "End a standing order"),
        answer=standing_orders.StandingOrder,
        refusals=(desk.NoSuchStandingOrder,),
        auth=CUSTOMER,
    ),
)
