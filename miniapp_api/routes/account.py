"""The account: balance, threshold, what happened to it and why."""

from billing import day_statements, statement_files
from billing import statements as billing_statements
from core import http as kit
from members import customers
from miniapp_api import (
    account,
    statements,
)
from miniapp_api.routes.caller import CUSTOMER

ROUTES = (
    kit.get(
        "/account",
        account.show,
        summary=("余额", "The balance"),
        answer=account.Account,
        refusals=(billing_statements.NoSuchAccount,),
        auth=CUSTOMER,
    ),
    kit.put(
        "/account/threshold",
        account.set_threshold,
        summary=("设置低余额提醒", "Set the low-balance warning"),
        answer=account.Account,
        refusals=(
            customers.ThresholdOutOfRange,
            customers.NoSuchCustomer,
            billing_statements.NoSuchAccount,
        ),
        auth=CUSTOMER,
    ),
    kit.get(
        "/account/forecast",
        account.forecast,
        summary=("余额还能用多久", "How long the balance lasts"),
        description=(
            "按计划、待付账单（含分期）和近 60 天的消费习惯推算，不含信用额度。",
            "From plans, open bills with their instalments, and how the customer spent in the last 60 days; credit is left out.",
        ),
        answer=account.Forecast,
        refusals=(billing_statements.NoSuchAccount,),
        auth=CUSTOMER,
    ),
    kit.get(
        "/account/changes",
        account.changes,
        summary=("余额变动记录", "What happened to the balance"),
        answer=kit.Page[account.Change],
        auth=CUSTOMER,
    ),
    kit.get(
        "/account/changes/{change_id}",
        account.why,
        summary=("这一笔动用了哪些钱、为什么", "Which lots a change moved, and why"),
        answer=account.Explanation,
        refusals=(billing_statements.NoSuchChange,),
        auth=CUSTOMER,
    ),
    kit.get(
        "/account/lots",
        account.lots,
        summary=("余额由哪些钱组成", "What the balance is made of"),
        answer=kit.Page[account.Lot],
        auth=CUSTOMER,
    ),
    kit.get(
        "/account/holds",
        account.holds,
        summary=("冻结的钱", "What is on hold"),
        answer=kit.Page[account.Hold],
        auth=CUSTOMER,
    ),
    kit.get(
        "/account/statement",
        statements.read,
        summary=("我的余额明细", "The customer's statement"),
        description=(
            "一段日期（按门店时区，首尾两天都含）的期初、期末余额和其间每一笔变动；翻页期间的新变动不会混入。",
            "Opening and closing balance of business days (both included) and every change between; changes that come "
            "while paging stay out.",
        ),
        answer=statements.Statement,
        refusals=(
            day_statements.DaysReversed,
            day_statements.NotBegun,
            day_statements.NoSuchAccount,
        ),
        auth=CUSTOMER,
    ),
    kit.get(
        "/account/statement.csv",
        statements.as_csv,
        summary=("我的余额明细，CSV", "The customer's statement as CSV"),
        file=kit.CSV,
        refusals=(
            day_statements.DaysReversed,
            day_statements.NotBegun,
            day_statements.NoSuchAccount,
            statement_files.TooLong,
        ),
        auth=CUSTOMER,
        rate=kit.Rate(20, 60),
    ),
    kit.get(
        "/account/statement.xlsx",
        statements.as_xlsx,
        summary=("我的余额明细，Excel", "The customer's statement as an Excel workbook"),
        file=kit.XLSX,
        refusals=(
            day_statements.DaysReversed,
            day_statements.NotBegun,
            day_statements.NoSuchAccount,
            statement_files.TooLong,
            statement_files.WorkbooksBusy,
        ),
        auth=CUSTOMER,
        rate=kit.Rate(20, 60),
    ),
)
