"""Reports, the clock's jobs, the proof, alerts."""

from admin_api import (
    alerts,
    reports,
    upkeep,
)
from admin_api.routes.caller import OPERATOR
from core import http as kit
from reports import liability, trends

ROUTES = (
    kit.get(
        "/today",
        reports.now,
        summary=("今日", "Today"),
        description=(
            "今天的收款、应付与应收、等人处理的事、定时任务与渠道是否正常；只给出看得到的部分。",
            "What came in today, what is owed either way, what waits for somebody, whether clock and channels are well; as far as one may see it.",
        ),
        answer=reports.Today,
        auth=OPERATOR,
    ),
    kit.get(
        "/reports/trend",
        reports.trend,
        summary=("按日走势", "Day by day"),
        description=(
            "每个营业日的收款、销售、扣款、应付余额与顾客数，一次最多 400 天。",
            "Takings, sales, deductions, what customers own and how many they are, for each business day; at most 400 days at once.",
        ),
        answer=reports.Trend,
        refusals=(trends.TooManyDays,),
        auth=OPERATOR,
        rate=kit.Rate(60, 60),
    ),
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
        "/system-health",
        upkeep.health,
        summary=("运行状况", "Health"),
        description=(
            "数据库、Redis、各支付渠道与账本核对现在怎样。",
            "How the database, Redis, each channel and the proof of the books are now.",
        ),
        answer=upkeep.SystemHealth,
        auth=OPERATOR,
        rate=kit.Rate(60, 60),
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
