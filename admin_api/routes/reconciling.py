"""Reconciliation: days, differences, tables of rates."""

from admin_api import differences, rates, reconciliation
from admin_api.routes.caller import OPERATOR
from billing import channels
from core import http as kit
from reconciliation import bill_imports, closing, days, report, report_files, resolving
from reconciliation import differences as desk_differences
from reconciliation import rates as desk_rates

_DAY = "/reconciliation/days/{channel}/{day}"
_DIFFERENCE = "/differences/{difference_no}"
_TAKING = (
    channels.NoSuchChannel,
    days.DayNotOver,
    bill_imports.BillFileUnreadable,
    bill_imports.AnotherBill,
)
_NOTING = (
    desk_differences.NoSuchDifference,
    desk_differences.DifferenceResolved,
    desk_differences.KeyReused,
)

ROUTES = (
    kit.get(
        "/reconciliation/days",
        reconciliation.listing,
        summary=("对账日", "Days of reconciliation"),
        answer=kit.Page[reconciliation.Day],
        auth=OPERATOR,
    ),
    kit.get(
        _DAY,
        reconciliation.one,
        summary=("一天的对账", "One day"),
        answer=reconciliation.OneDay,
        refusals=(days.NoSuchDay,),
        auth=OPERATOR,
    ),
    kit.post(
        f"{_DAY}/bill",
        reconciliation.take_bill,
        summary=("上传账单文件", "Bring a bill by hand"),
        description=(
            "渠道后台下载的交易账单原样上传（CSV、GZIP 或 ZIP）。同一文件再传无影响；换另一份要写原因。更大的文件用 `yucun reconcile import`。",
            "The bill of trades as the channel's desk gives it (CSV, GZIP or ZIP). The same file again changes nothing; another one needs a "
            "reason. Larger files: `yucun reconcile import`.",
        ),
        upload=reconciliation.UPLOAD_BYTES,
        status=201,
        answer=reconciliation.Taken,
        refusals=_TAKING,
        auth=OPERATOR,
        rate=kit.Rate(10, 60),
    ),
    kit.post(
        f"{_DAY}/funds",
        reconciliation.take_funds,
        summary=("上传资金账单文件", "Bring a bill of funds by hand"),
        description=(
            "渠道后台下载的资金账单（微信）或账务明细（支付宝）原样上传。同一文件再传无影响；换另一份要写原因。",
            "The bill of funds as the channel's desk gives it. The same file again changes nothing; another one needs a reason.",
        ),
        upload=reconciliation.UPLOAD_BYTES,
        status=201,
        answer=reconciliation.Taken,
        refusals=_TAKING,
        auth=OPERATOR,
        rate=kit.Rate(10, 60),
    ),
    kit.post(
        f"{_DAY}/rerun",
        reconciliation.rerun,
        summary=("重新索取账单并比对", "Ask for the bill again, compare again"),
        answer=reconciliation.Day,
        refusals=(channels.NoSuchChannel, days.DayNotOver, days.DayClosed),
        auth=OPERATOR,
    ),
    kit.post(
        f"{_DAY}/close",
        reconciliation.close,
        summary=("关闭一天", "Close a day"),
        description=(
            "差异全部处理后才能关闭；手续费随之入账。",
            "Possible once every difference is resolved; the fees go into the books with it.",
        ),
        answer=reconciliation.Day,
        refusals=(days.NoSuchDay, closing.NotExplained, closing.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        f"{_DAY}/reopen",
        reconciliation.reopen,
        summary=("重新打开一天", "Open a closed day again"),
        answer=reconciliation.Day,
        refusals=(days.NoSuchDay, closing.NothingToReopen, closing.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/reconciliation/report",
        reconciliation.lines,
        summary=("对账报表", "The report"),
        answer=reconciliation.Report,
        refusals=(report.PeriodTooLong,),
        auth=OPERATOR,
        rate=kit.Rate(30, 60),
    ),
    kit.get(
        "/reconciliation/report.csv",
        reconciliation.as_csv,
        summary=("对账报表，CSV", "The report as CSV"),
        file=kit.CSV,
        refusals=(report.PeriodTooLong,),
        auth=OPERATOR,
        rate=kit.Rate(10, 60),
    ),
    kit.get(
        "/reconciliation/report.xlsx",
        reconciliation.as_xlsx,
        summary=("对账报表与差异，Excel", "The report and the differences as an Excel workbook"),
        file=kit.XLSX,
        refusals=(report.PeriodTooLong, report_files.TooManyDifferences, report_files.WorkbooksBusy),
        auth=OPERATOR,
        rate=kit.Rate(10, 60),
    ),
    kit.get(
        "/differences",
        differences.listing,
        summary=("差异", "Differences"),
        answer=kit.Page[differences.Difference],
        auth=OPERATOR,
    ),
    kit.get(
        _DIFFERENCE,
        differences.one,
        summary=("一笔差异及其经过", "One difference and its history"),
        answer=differences.WithHistory,
        refusals=(desk_differences.NoSuchDifference,),
        auth=OPERATOR,
    ),
    kit.post(
        f"{_DIFFERENCE}/owner",
        differences.assign,
        summary=("指定负责人", "Say who looks after it"),
        answer=differences.Difference,
        refusals=_NOTING,
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        f"{_DIFFERENCE}/remark",
        differences.note,
        summary=("写备注", "Write a remark"),
        answer=differences.Difference,
        refusals=_NOTING,
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        f"{_DIFFERENCE}/resolution",
        differences.resolve,
        summary=("处理差异", "Decide how it ends"),
        description=(
            "超过复核限额的等待另一位员工复核。异常款在异常款里处理，渠道未确认的支付先查询渠道。",
            "Above the shop's limit it waits for a second person. Money in the quarantine is decided on there, and a payment the channel has "
            "not confirmed is asked about first.",
        ),
        answer=differences.Decided,
        refusals=(
            desk_differences.NoSuchDifference,
            desk_differences.DifferenceResolved,
            resolving.DifferenceWaits,
            resolving.ResolutionNotPossible,
            days.DayClosed,
            resolving.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/rates",
        rates.listing,
        summary=("费率表", "Tables of rates"),
        answer=kit.Page[rates.Rate],
        auth=OPERATOR,
    ),
    kit.post(
        "/rates",
        rates.add,
        summary=("新增费率", "Add a line"),
        description=(
            "渠道手续费按此核对账单；提成按此计算。不修改已有的一条，而是结束它再加一条。",
            "Channels' fees in bills are compared with it, commissions computed by it. A line is not edited: it is ended, and another added.",
        ),
        status=201,
        answer=rates.Rate,
        refusals=(desk_rates.RateNotUsable, desk_rates.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/rates/{rate_id}/end",
        rates.end,
        summary=("结束一条费率", "End a line"),
        answer=rates.Rate,
        refusals=(desk_rates.NoSuchRate, desk_rates.RateNotUsable, desk_rates.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/commissions",
        rates.commission,
        summary=("提成合计", "Commissions of a period"),
        answer=rates.Commissions,
        refusals=(report.PeriodTooLong,),
        auth=OPERATOR,
        rate=kit.Rate(30, 60),
    ),
    kit.get(
        "/commissions/bills",
        rates.commission_lines,
        summary=("提成明细", "Commissions bill by bill"),
        answer=kit.Page[rates.CommissionLine],
        refusals=(report.PeriodTooLong,),
        auth=OPERATOR,
        rate=kit.Rate(30, 60),
    ),
)
