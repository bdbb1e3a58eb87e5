"""The table of contents of the operators' API."""

from admin_api import adjustments, bills, customers, operators, payments, products, quarantine, upkeep
from billing import adjustments as billing_adjustments
from billing import channels, statements
from billing import payments as billing_payments
from core import http as kit
from members import customers as members_customers
from members import operators as members_operators
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
            refusals=(members_customers.NoSuchCustomer, statements.NoSuchAccount),
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
    ),
)
