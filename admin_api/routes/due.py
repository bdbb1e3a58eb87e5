"""Due runs, parked periods, dunning, write-offs."""

from admin_api import due_runs, dunning
from admin_api.routes.caller import OPERATOR
from billing import bills, due_dry_runs, dunning_policies, parked_periods, write_offs
from billing import due_runs as desk
from core import http as kit

_RUNS = "/due-runs"
_PERIODS = "/parked-periods"
_POLICIES = "/dunning-policies"
_PARKED = (parked_periods.NoSuchPeriod, parked_periods.PeriodNotParked, parked_periods.KeyReused)

ROUTES = (
    kit.get(
        _RUNS,
        due_runs.listing,
        summary=("到期扣款", "Due runs"),
        description=(
            "每个营业日一条，所有 worker 共同处理。",
            "One a business day; all workers share it.",
        ),
        answer=kit.Page[due_runs.Run],
        auth=OPERATOR,
    ),
    kit.post(
        f"{_RUNS}/pause",
        due_runs.pause,
        summary=("暂停到期扣款", "Pause the due run"),
        description=(
            "所有 worker 做完手上的一批就停下，跨日也不再开始，直到恢复。",
            "All workers end the batch they are at and begin no other, on later days neither, until it is resumed.",
        ),
        answer=due_runs.Run,
        refusals=(desk.DueRunAborted, desk.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        f"{_RUNS}/resume",
        due_runs.resume,
        summary=("恢复到期扣款", "Resume the due run"),
        answer=due_runs.Run,
        refusals=(desk.DueRunNotHeld, desk.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        f"{_RUNS}/abort",
        due_runs.abort,
        summary=("中止今天的到期扣款", "Abort today's due run"),
        description=(
            "今天不再扣款，剩下的明天处理；可以恢复。",
            "Nothing more is taken today; what is left is tomorrow's. It can be resumed.",
        ),
        answer=due_runs.Run,
        refusals=(desk.KeyReused,),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        f"{_RUNS}/{{day}}",
        due_runs.one,
        summary=("一天的到期扣款", "One day's due run"),
        answer=due_runs.Run,
        refusals=(desk.NoSuchDueRun,),
        auth=OPERATOR,
    ),
    kit.get(
        "/due-dry-run",
        due_runs.dry_run,
        summary=("到期扣款试算", "Dry run"),
        description=(
            "用同一段程序试做并撤销：每期会怎样。期数太多时用 CSV 或 `yucun due-run dry-run`。",
            "The same code does it and undoes it: what would become of each period. Where too much is due, take the CSV or "
            "`yucun due-run dry-run`.",
        ),
        answer=due_runs.DryRun,
        refusals=(due_dry_runs.DryRunTooLarge,),
        auth=OPERATOR,
        rate=kit.Rate(10, 60),
    ),
    kit.get(
        "/due-dry-run.csv",
        due_runs.dry_run_csv,
        summary=("到期扣款试算，CSV", "Dry run as CSV"),
        file=kit.CSV,
        auth=OPERATOR,
        rate=kit.Rate(5, 60),
    ),
    kit.get(
        _PERIODS,
        due_runs.parked,
        summary=("搁置的期", "Parked periods"),
        answer=kit.Page[due_runs.Parked],
        auth=OPERATOR,
    ),
    kit.post(
        f"{_PERIODS}/{{period_id}}/retry",
        due_runs.retry,
        summary=("重试搁置的期", "Retry a parked period"),
        answer=due_runs.PeriodId,
        refusals=(*_PARKED, parked_periods.PlanOver),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        f"{_PERIODS}/{{period_id}}/waive",
        due_runs.waive,
        summary=("免收搁置的期", "Waive a parked period"),
        answer=due_runs.PeriodId,
        refusals=_PARKED,
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/dunning-cases",
        dunning.cases,
        summary=("催收中的账单", "Overdue plan bills"),
        answer=kit.Page[dunning.Case],
        auth=OPERATOR,
    ),
    kit.get(
        _POLICIES,
        dunning.policies,
        summary=("催收方案", "Dunning policies"),
        answer=kit.Page[dunning.Policy],
        auth=OPERATOR,
    ),
    kit.post(
        _POLICIES,
        dunning.add,
        summary=("新增催收方案", "Add a dunning policy"),
        status=201,
        answer=dunning.Policy,
        refusals=(
            dunning_policies.DunningPolicyInvalid,
            dunning_policies.DunningPolicyNameTaken,
            dunning_policies.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.patch(
        f"{_POLICIES}/{{policy_id}}",
        dunning.change,
        summary=("修改催收方案", "Change a dunning policy"),
        description=(
            "只对此后开始的催收有效。",
            "Counts for cases that are opened from now on.",
        ),
        answer=dunning.Policy,
        refusals=(dunning_policies.NoSuchDunningPolicy, dunning_policies.DunningPolicyInvalid),
        auth=OPERATOR,
    ),
    kit.delete(
        f"{_POLICIES}/{{policy_id}}",
        dunning.end,
        summary=("停用催收方案", "Take a dunning policy out of force"),
        answer=kit.Page[dunning.Policy],
        refusals=(dunning_policies.NoSuchDunningPolicy,),
        auth=OPERATOR,
    ),
    kit.put(
        "/plan-offers/{offer_id}/dunning-policy",
        dunning.assign,
        summary=("计划方案用哪个催收方案", "Which policy an offer's plans go by"),
        answer=kit.Page[dunning.Policy],
        refusals=(dunning_policies.NoSuchOffer, dunning_policies.NoSuchDunningPolicy),
        auth=OPERATOR,
    ),
    kit.post(
        "/bills/{bill_no}/write-off",
        dunning.write_off,
        summary=("核销账单", "Write a bill off"),
        description=(
            "欠款不再收取，须第二人复核；不动用任何款项。",
            "What is owed is given up once a second person agrees. No money moves.",
        ),
        status=202,
        answer=dunning.Waiting,
        refusals=(
            write_offs.NoSuchBill,
            bills.BillOfAnOrder,
            bills.BillNotOwed,
            bills.BillPaymentPending,
            bills.BillUnderReview,
            write_offs.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
)
