"""Reports, the clock's jobs, the proof, alerts."""

from admin_api import (
    alerts,
    reports,
    upkeep,
)
from admin_api.routes.caller import OPERATOR
from core import http as kit
from reports import liability

ROUTES = (
    kit.get(
        "/reports/liability",
        reports.owed,
        summary=("应付顾客余额", "What customers are owed"),
        description=(
            "`at`：某一时刻的应付余额；`from` 与 `to`：两个时刻的应付余额和其间按类型的变动；都不填为现在。",
            "`at`: what is owed at an instant; `from` and `to`: at both, and what moved it in between, by kind; neither: now.",
        ),
        answer=reports.Liability,
        refusals=(liability.NotYet, liability.InstantOrTwo, liability.InstantsReversed),
        auth=OPERATOR,
        rate=kit.Rate(30, 60),
    ),
    kit.get(
        "/jobs",
        upkeep.jobs,
        summary=("定时任务", "Jobs of the clock"),
        answer=kit.Page[upkeep.Job],
        auth=OPERATOR,
    ),
    kit.post(
        "/proof",
        upkeep.prove,
        summary=("核对账本", "Prove the books"),
        answer=upkeep.Proof,
        auth=OPERATOR,
        rate=kit.Rate(10, 60),
    ),
    kit.get(
        "/alerts",
        alerts.listing,
        summary=("员工提醒", "Alerts to the shop's people"),
        answer=kit.Page[alerts.Alert],
        auth=OPERATOR,
    ),
)
