"""Abnormal deductions: the rules, and what waits for a decision."""

from admin_api import alerts, deduction_rules, reviews
from admin_api.routes.caller import OPERATOR
from billing import deduction_rules as billing_rules
from billing import reviews as billing_reviews
from billing import staff_alerts
from core import http as kit

_DECIDING = (billing_reviews.NoSuchReview, billing_reviews.ReviewEnded, billing_reviews.KeyReused)

ROUTES = (
    kit.get(
        "/deduction-rules",
        deduction_rules.listing,
        summary=("异常扣款规则", "Rules for abnormal deductions"),
        answer=kit.Page[deduction_rules.Rule],
        auth=OPERATOR,
    ),
    kit.post(
        "/deduction-rules",
        deduction_rules.add,
        summary=("新增规则", "Add a rule"),
        description=(
            "立即生效，其他服务进程在几秒内生效。",
            "In force at once here, within seconds in other server processes.",
        ),
        status=201,
        answer=deduction_rules.Rule,
        refusals=(billing_rules.RuleInvalid,),
        auth=OPERATOR,
    ),
    kit.patch(
        "/deduction-rules/{rule_id}",
        deduction_rules.change,
        summary=("修改、停用规则", "Change a rule, or put it out of force"),
        answer=deduction_rules.Rule,
        refusals=(billing_rules.NoSuchRule, billing_rules.RuleInvalid),
        auth=OPERATOR,
    ),
    kit.get(
        "/reviews",
        reviews.listing,
        summary=("待核实的扣款", "Deductions that wait for a decision"),
        answer=kit.Page[reviews.Review],
        auth=OPERATOR,
    ),
    kit.get(
        "/reviews/{review_no}",
        reviews.one,
        summary=("一笔核实", "One review"),
        answer=reviews.Review,
        refusals=(billing_reviews.NoSuchReview,),
        auth=OPERATOR,
    ),
    kit.post(
        "/reviews/{review_no}/approve",
        reviews.approve,
        summary=("核实通过，扣款", "Have the deduction made"),
        answer=reviews.Review,
        refusals=(*_DECIDING, billing_reviews.HoldEnded),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/reviews/{review_no}/reject",
        reviews.reject,
        summary=("核实不通过，解冻", "Call the deduction off"),
        description=(
            "冻结的钱解冻并通知顾客；账单仍待付，但不再自动扣款。",
            "The money is free again and the customer is told; the bill stays owed but is no longer taken unasked.",
        ),
        answer=reviews.Review,
        refusals=_DECIDING,
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/alerts/{alert_id}/resolve",
        alerts.resolve,
        summary=("提醒已处理", "An alert has been seen to"),
        answer=alerts.Alert,
        refusals=(staff_alerts.NoSuchAlert,),
        auth=OPERATOR,
    ),
)
