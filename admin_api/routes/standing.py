"""Customers' standing orders."""

from admin_api import standing_orders
from admin_api.routes.caller import OPERATOR
from core import http as kit
from shop import standing_orders as desk
from shop import standing_pauses

_VERB = (standing_pauses.NoSuchStandingOrder, standing_pauses.KeyReused)

ROUTES = (
    kit.get(
        "/standing-orders",
        standing_orders.listing,
        summary=("全部周期订购", "All standing orders"),
        description=("可按顾客、状态筛选。", "Of one customer or state where asked."),
        answer=kit.Page[standing_orders.StandingOrder],
        auth=OPERATOR,
    ),
    kit.post(
        "/customers/{customer_id}/standing-orders",
        standing_orders.start,
        summary=("为顾客开通周期订购", "Start a standing order for a customer"),
        description=(
            "顾客须已当面、电话或书面同意，并留下凭据。",
            "The customer has agreed at the counter, by phone or on paper, and something shows it.",
        ),
        status=201,
        answer=standing_orders.StandingRecord,
        refusals=(desk.NoSuchCustomer, desk.CustomerBlocked, desk.AccountClosed, *desk.STARTING),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/standing-deliveries",
        standing_orders.of_day,
        summary=("某天的周期配送", "What standing orders deliver on a day"),
        description=(
            "只含自己门店的；已下单的附订单号。",
            "Of one's own stores; what is ordered has its order's number.",
        ),
        answer=kit.Page[standing_orders.Delivery],
        auth=OPERATOR,
    ),
    kit.get(
        "/standing-orders/{standing_id}",
        standing_orders.one,
        summary=("一个周期订购及其经过", "One standing order and what was done to it"),
        answer=standing_orders.StandingRecord,
        refusals=(desk.NoSuchStandingOrder,),
        auth=OPERATOR,
    ),
    kit.get(
        "/standing-orders/{standing_id}/deliveries",
        standing_orders.deliveries,
        summary=("各次配送及结果", "Its deliveries and what became of them"),
        answer=kit.Page[standing_orders.Delivery],
        refusals=(desk.NoSuchStandingOrder,),
        auth=OPERATOR,
    ),
    kit.post(
        "/standing-orders/{standing_id}/changes",
        standing_orders.change,
        summary=("修改周期订购", "Change a standing order"),
        description=("须有顾客同意的凭据。", "Something shows that the customer agreed."),
        answer=standing_orders.StandingRecord,
        refusals=(*_VERB, *desk.CHANGING),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/standing-orders/{standing_id}/pause",
        standing_orders.pause,
        summary=("暂停周期订购", "Pause a standing order"),
        answer=standing_orders.StandingRecord,
        refusals=(*_VERB, standing_pauses.StandingOrderNotRunning, standing_pauses.PauseOutOfRange),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/standing-orders/{standing_id}/resume",
        standing_orders.resume,
        summary=("恢复周期订购", "Resume a standing order"),
        answer=standing_orders.StandingRecord,
        refusals=(*_VERB, standing_pauses.StandingOrderNotPaused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/standing-orders/{standing_id}/skip",
        standing_orders.skip,
        summary=("跳过一次", "Skip one delivery"),
        answer=standing_orders.StandingRecord,
        refusals=(*_VERB, *standing_pauses.SKIPPING),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/standing-orders/{standing_id}/end",
        standing_orders.end,
        summary=("结束周期订购", "End a standing order"),
        answer=standing_orders.StandingRecord,
        refusals=(desk.NoSuchStandingOrder,),
        auth=OPERATOR,
    ),
)
