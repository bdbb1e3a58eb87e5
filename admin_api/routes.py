"""The table of contents of the operators' API."""

from admin_api import (
    adjustments,
    alerts,
    bills,
    customers,
    operators,
    payments,
    products,
    quarantine,
    reports,
    statements,
    upkeep,
)
from billing import adjustments as billing_adjustments
from billing import channels, day_statements, statement_files
from billing import payments as billing_payments
from billing import statements as billing_statements
from core import http as kit
from members import customers as members_customers
from members import operators as members_operators
from reports import liability
from shop import products as shop_products

OPERATOR = kit.Bearer("operator", ("登录接口返回的令牌", "The token that signing in gave"))

API = kit.Api(
    title=("商户管理接口", "Operators' API"),
    version="1.0.0",
    prefix="/admin/v1",
    description=(
        "商户员工使用的接口：顾客、余额调整、商品、欠费、支付、核账。",
        "What the shop's own people use: customers, adjustments, products, what is due, payments, proof.",
    ),
    routes=(
        kit.post(
            "/login",
            operators.sign_in,
            summary=("员工登录", "Sign in"),
            answer=operators.SignedIn,
            refusals=(members_operators.WrongLogin,),
            rate=kit.Rate(10, 60),
        ),
        kit.post("/logout", operators.sign_out, summary=("退出登录", "Sign out"), auth=OPERATOR),
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
        kit.get(
            "/customers/{customer_id}/changes",
            customers.changes,
            summary=("顾客的余额变动", "What happened to a customer's balance"),
            answer=kit.Page[customers.Change],
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
        kit.post(
            "/customers/{customer_id}/adjustments",
            adjustments.adjust,
            summary=("调整余额", "Correct a balance"),
            description=(
                "增加的钱会先结清到期的账单；返回调整后的余额。",
                "What is added first settles bills that are due; answers with the balance after it.",
            ),
            status=201,
            answer=customers.Balance,
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
            "/products",
            products.listing,
            summary=("全部商品", "All products"),
            answer=kit.Page[products.Product],
            auth=OPERATOR,
        ),
        kit.post(
            "/products",
            products.add,
            summary=("新增商品", "Add a product"),
            status=201,
            answer=products.Product,
            auth=OPERATOR,
        ),
        kit.patch(
            "/products/{product_id}",
            products.change,
            summary=("修改商品、上架、下架", "Change a product, put it on or off the shelf"),
            answer=products.Product,
            refusals=(shop_products.NoSuchProduct,),
            auth=OPERATOR,
        ),
        kit.patch(
            "/skus/{sku_id}",
            products.change_sku,
            summary=("修改价格和库存", "Set a SKU's price or stock"),
            answer=products.Sku,
            refusals=(shop_products.NoSuchSku,),
            auth=OPERATOR,
        ),
        kit.get(
            "/bills/due",
            bills.due,
            summary=("到期未付的账单", "Bills that are due and unpaid"),
            answer=kit.Page[bills.Bill],
            auth=OPERATOR,
        ),
        kit.get(
            "/payments",
            payments.listing,
            summary=("渠道支付单", "Payments at the channels"),
            answer=kit.Page[payments.Payment],
            auth=OPERATOR,
        ),
        kit.post(
            "/payments/{payment_no}/ask",
            payments.ask,
            summary=("向渠道查询", "Ask the channel"),
            answer=payments.Asked,
            refusals=(
                billing_payments.NoSuchPayment,
                billing_payments.ChannelUnavailable,
                channels.NoSuchChannel,
            ),
            auth=OPERATOR,
        ),
        kit.get(
            "/quarantine",
            quarantine.listing,
            summary=("待核对的款项", "Money to be looked at"),
            answer=kit.Page[quarantine.Quarantined],
            auth=OPERATOR,
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
    ),
)
