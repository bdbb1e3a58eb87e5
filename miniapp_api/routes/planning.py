"""Plans: recurring deductions."""

from billing import plan_pauses, plan_prices
from billing import plans as billing_plans
from core import http as kit
from miniapp_api import plans
from miniapp_api.routes.caller import CUSTOMER

ROUTES = (
    kit.get(
        "/plan-offers",
        plans.offers,
        summary=("可订阅的计划", "Plans on offer"),
        answer=kit.Page[plans.PlanOffer],
        auth=CUSTOMER,
    ),
    kit.post(
        "/plans",
        plans.subscribe,
        summary=("订阅计划", "Subscribe to a plan"),
        status=201,
        answer=plans.Plan,
        refusals=(
            billing_plans.NoSuchOffer,
            billing_plans.ConsentOutdated,
            billing_plans.StartOutOfRange,
            billing_plans.WrongTerms,
            billing_plans.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.get(
        "/plans",
        plans.listing,
        summary=("我的计划", "The customer's plans"),
        answer=kit.Page[plans.Plan],
        auth=CUSTOMER,
    ),
    kit.get(
        "/plans/{plan_id}",
        plans.one,
        summary=("一个计划", "One plan"),
        answer=plans.Plan,
        refusals=(billing_plans.NoSuchPlan,),
        auth=CUSTOMER,
    ),
    kit.get(
        "/plans/{plan_id}/ahead",
        plans.ahead,
        summary=("接下来各期", "The periods ahead"),
        description=("何时扣、扣多少，最近的在前。", "When and how much will be taken, the nearest first."),
        answer=kit.Page[plans.Period],
        refusals=(billing_plans.NoSuchPlan,),
        auth=CUSTOMER,
    ),
    kit.get(
        "/plans/{plan_id}/history",
        plans.history,
        summary=("以往各期的结果", "What became of earlier periods"),
        answer=kit.Page[plans.Period],
        refusals=(billing_plans.NoSuchPlan,),
        auth=CUSTOMER,
    ),
    kit.put(
        "/plans/{plan_id}/warning",
        plans.set_warning,
        summary=("余额不够几期时提醒", "Warn when the balance does not cover so many periods"),
        answer=plans.Plan,
        refusals=(billing_plans.NoSuchPlan,),
        auth=CUSTOMER,
    ),
    kit.post(
        "/plans/{plan_id}/pause",
        plans.pause,
        summary=("暂停计划", "Pause a plan"),
        description=(
            "从今天起到恢复之前不扣款。暂停期间的各期作废或顺延，见条款的 on_pause。",
            "Nothing is taken from today until it is resumed. Periods meanwhile lapse or are moved behind, as `on_pause` says.",
        ),
        answer=plans.Plan,
        refusals=(
            plan_pauses.NoSuchPlan,
            plan_pauses.NotByCustomers,
            plan_pauses.PlanNotRunning,
            plan_pauses.PauseOutOfRange,
            plan_pauses.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.post(
        "/plans/{plan_id}/resume",
        plans.resume,
        summary=("恢复计划", "Resume a plan"),
        answer=plans.Plan,
        refusals=(
            plan_pauses.NoSuchPlan,
            plan_pauses.NotByCustomers,
            plan_pauses.PlanNotPaused,
            plan_pauses.PlanSuspended,
            plan_pauses.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.post(
        "/plans/{plan_id}/skip",
        plans.skip,
        summary=("跳过一期", "Skip a period"),
        answer=plans.Plan,
        refusals=(
            plan_pauses.NoSuchPlan,
            plan_pauses.NotByCustomers,
            plan_pauses.NoSuchPeriod,
            plan_pauses.PeriodNotAhead,
            plan_pauses.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.post(
        "/plans/{plan_id}/price/agree",
        plans.agree_to_price,
        summary=("同意新价格", "Agree to a new price"),
        description=(
            "新价格超过顾客同意过的每期上限时，须经顾客同意才生效。",
            "A price above what the customer has agreed to holds only after this.",
        ),
        answer=plans.Plan,
        refusals=(plan_prices.NoSuchPlan, plan_prices.NoPriceAnnounced, plan_prices.KeyReused),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.post(
        "/plans/{plan_id}/cancel",
        plans.cancel,
        summary=("取消计划", "End a plan"),
        answer=plans.Plan,
        refusals=(billing_plans.NoSuchPlan,),
        auth=CUSTOMER,
    ),
)
