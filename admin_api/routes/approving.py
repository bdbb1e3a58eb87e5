"""Adjustments, what undoes them, and the second person an act may need."""

from admin_api import adjustments, approvals, reversals
from admin_api.routes.caller import OPERATOR
from billing import adjustments as billing_adjustments
from billing import approvals as billing_approvals
from billing import reversals as billing_reversals
from core import http as kit

_DECIDING = (
    billing_approvals.NoSuchApproval,
    billing_approvals.ApprovalEnded,
    billing_approvals.OwnRequest,
    billing_approvals.KeyReused,
)

ROUTES = (
    kit.post(
        "/customers/{customer_id}/adjustments",
        adjustments.adjust,
        summary=("调整余额", "Correct a balance"),
        description=(
            "增加的钱会先结清到期的账单。超过复核限额的不会立即执行，返回 approval_no，等待另一位员工复核。",
            "What is added first settles bills that are due. Above the shop's limit nothing moves yet: the answer has an "
            "approval_no, which another operator decides on.",
        ),
        status=201,
        answer=adjustments.Adjusted,
        refusals=(
            billing_adjustments.AdjustmentOutOfRange,
            billing_adjustments.InsufficientBalance,
            billing_adjustments.NothingMoved,
            billing_adjustments.NoSuchAccount,
            billing_adjustments.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/adjustments",
        adjustments.listing,
        summary=("全部余额调整", "All adjustments"),
        answer=kit.Page[adjustments.Adjustment],
        auth=OPERATOR,
    ),
    kit.get(
        "/adjustments/{adjustment_no}",
        adjustments.one,
        summary=("一笔余额调整", "One adjustment"),
        answer=adjustments.Adjustment,
        refusals=(billing_adjustments.NoSuchAdjustment,),
        auth=OPERATOR,
    ),
    kit.post(
        "/adjustments/{adjustment_no}/reversal",
        reversals.of_adjustment,
        summary=("冲正一笔调整", "Undo an adjustment"),
        description=(
            "原样相反的一笔，只能一次；钱已使用则拒绝。超过复核限额的等待另一位员工复核。",
            "Its exact opposite, once; refused where the money has been spent. Above the shop's limit it waits for a second "
            "person.",
        ),
        status=201,
        answer=reversals.Reversed,
        refusals=(
            billing_adjustments.NoSuchAdjustment,
            billing_adjustments.AdjustmentOutOfRange,
            billing_reversals.AlreadyReversed,
            billing_reversals.NotReversible,
            billing_reversals.MoneySpent,
            billing_adjustments.NothingMoved,
            billing_adjustments.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/approvals",
        approvals.listing,
        summary=("复核单", "Acts that need a second person"),
        answer=kit.Page[approvals.Approval],
        auth=OPERATOR,
    ),
    kit.get(
        "/approvals/{approval_no}",
        approvals.one,
        summary=("一张复核单", "One approval"),
        answer=approvals.Approval,
        refusals=(billing_approvals.NoSuchApproval,),
        auth=OPERATOR,
    ),
    kit.post(
        "/approvals/{approval_no}/approve",
        approvals.approve,
        summary=("同意并执行", "Agree, and carry it out"),
        description=(
            "由提交人以外的员工复核；同意即按当前情况执行。执行被拒绝时状态为 failed，并说明原因，不会动任何钱。",
            "By another operator than who asked. Agreeing carries the act out by the facts of now; if it is refused then, the "
            "state is failed, with the reason, and nothing moved.",
        ),
        answer=approvals.Approval,
        refusals=_DECIDING,
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/approvals/{approval_no}/reject",
        approvals.reject,
        summary=("不同意", "Say no"),
        answer=approvals.Approval,
        refusals=_DECIDING,
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/approvals/{approval_no}/withdraw",
        approvals.withdraw,
        summary=("撤回自己的申请", "Take one's own request back"),
        answer=approvals.Approval,
        refusals=(
            billing_approvals.NoSuchApproval,
            billing_approvals.ApprovalEnded,
            billing_approvals.NotYourRequest,
            billing_approvals.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
)
