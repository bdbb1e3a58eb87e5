"""Customers and their accounts."""

from admin_api import (
    customers,
    explanations,
    settings,
    statements,
)
from admin_api.routes.caller import OPERATOR
from billing import day_statements, statement_files
from billing import statements as billing_statements
from core import http as kit
from members import customers as members_customers
from members import tiers as members_tiers

ROUTES = (
    kit.get(
        "/customers",
        customers.listing,
        summary=("查找顾客", "Find customers"),
        answer=kit.Page[customers.Customer],
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}",
        customers.one,
        summary=("一位顾客及其余额", "One customer with the balance"),
        answer=customers.CustomerWithBalance,
        refusals=(members_customers.NoSuchCustomer, billing_statements.NoSuchAccount),
        auth=OPERATOR,
    ),
    kit.post(
        "/customers/{customer_id}/reveal",
        customers.reveal,
        summary=("查看顾客的完整联系方式", "Show where a customer can be reached, in full"),
        description=(
            "其他地方只显示部分号码；查看会连同原因记入操作记录。",
            "Elsewhere numbers are masked; that they were looked at, and why, is written down.",
        ),
        answer=customers.Revealed,
        refusals=(members_customers.NoSuchCustomer,),
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/forecast",
        customers.forecast,
        summary=("顾客的余额还能用多久", "How long a customer's balance lasts"),
        answer=customers.Forecast,
        refusals=(billing_statements.NoSuchAccount,),
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/changes",
        customers.changes,
        summary=("顾客的余额变动", "What happened to a customer's balance"),
        answer=kit.Page[customers.Change],
        refusals=(members_customers.NoSuchCustomer,),
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/changes/{change_id}",
        explanations.why,
        summary=("这一笔动用了哪些钱、为什么、谁做的", "Which lots a change moved, why, and who did it"),
        answer=explanations.Explanation,
        refusals=(billing_statements.NoSuchChange,),
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/lots",
        explanations.lots,
        summary=("余额由哪些钱组成、从哪里来", "What a balance is made of, and where it came from"),
        answer=kit.Page[explanations.Lot],
        refusals=(members_customers.NoSuchCustomer,),
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/statement",
        statements.read,
        summary=("顾客的余额明细", "A customer's statement"),
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
            members_customers.NoSuchCustomer,
        ),
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/statement.csv",
        statements.as_csv,
        summary=("顾客的余额明细，CSV", "A customer's statement as CSV"),
        file=kit.CSV,
        refusals=(
            day_statements.DaysReversed,
            day_statements.NotBegun,
            day_statements.NoSuchAccount,
            members_customers.NoSuchCustomer,
            statement_files.TooLong,
        ),
        auth=OPERATOR,
        rate=kit.Rate(20, 60),
    ),
    kit.get(
        "/customers/{customer_id}/statement.xlsx",
        statements.as_xlsx,
        summary=("顾客的余额明细，Excel", "A customer's statement as an Excel workbook"),
        file=kit.XLSX,
        refusals=(
            day_statements.DaysReversed,
            day_statements.NotBegun,
            day_statements.NoSuchAccount,
            members_customers.NoSuchCustomer,
            statement_files.TooLong,
            statement_files.WorkbooksBusy,
        ),
        auth=OPERATOR,
        rate=kit.Rate(20, 60),
    ),
    kit.get(
        "/customers/{customer_id}/settings",
        settings.read,
        summary=("顾客的等级、实名与消耗顺序", "A customer's tier, name on file and burn policy"),
        answer=settings.Settings,
        refusals=(members_customers.NoSuchCustomer, billing_statements.NoSuchAccount),
        auth=OPERATOR,
    ),
    kit.put(
        "/customers/{customer_id}/settings",
        settings.put,
        summary=("设置顾客的等级、实名与消耗顺序", "Set a customer's tier, name on file and burn policy"),
        answer=settings.Settings,
        refusals=(
            members_customers.NoSuchCustomer,
            billing_statements.NoSuchAccount,
            members_tiers.NoSuchTier,
        ),
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/settings/changes",
        settings.history,
        summary=("设置的变更记录", "What was changed in a customer's settings"),
        answer=kit.Page[settings.SettingChange],
        auth=OPERATOR,
    ),
)
