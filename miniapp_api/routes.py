"""The table of contents of the mini-program's API."""

from billing import bills as billing_bills
from billing import channels, payments, statements
from billing import packages as billing_packages
from billing import plans as billing_plans
from billing import top_ups as billing_top_ups
from core import http as kit
from members import customers, sign_in
from miniapp_api import account, bills, login, messages, orders, packages, plans, products, top_ups
from shop import orders as shop_orders
from shop import products as shop_products

CUSTOMER = kit.Bearer(
    "customer",
    ("登录接口返回的令牌", "The token that signing in gave"),
    format="JWT",
    refusals=(sign_in.CustomerGone, customers.CustomerBlocked),
)

API = kit.Api(
    title=("小程序接口", "Mini-program API"),
    version="1.0.0",
    prefix="/api/v1",
    description=(
        "顾客的小程序与 H5 使用的接口：登录、余额、充值、下单、账单、计划、消息。",
        "What the customer's mini-program and H5 use: sign-in, balance, top-ups, orders, bills, plans, messages.",
    ),
    routes=(
        kit.post(
            "/login",
            login.by_code,
            summary=("用 wx.login 的 code 登录", "Sign in by the code of wx.login"),
            answer=login.SignedIn,
            refusals=(sign_in.LoginCodeRefused, sign_in.WeChatUnavailable, customers.CustomerBlocked),
            rate=kit.Rate(600, 60),  # many customers of one carrier share an address
        ),
        kit.get(
            "/account",
            account.show,
            summary=("余额", "The balance"),
            answer=account.Account,
            refusals=(statements.NoSuchAccount,),
            auth=CUSTOMER,
        ),
        kit.put(
            "/account/threshold",
            account.set_threshold,
            summary=("设置低余额提醒", "Set the low-balance warning"),
            answer=account.Account,
            refusals=(customers.ThresholdOutOfRange, customers.NoSuchCustomer, statements.NoSuchAccount),
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
            "/packages",
            packages.offered,
            summary=("充值套餐", "Recharge packages"),
            answer=kit.Page[packages.Package],
            auth=CUSTOMER,
        ),
        kit.post(
            "/top-ups",
            top_ups.start,
            summary=("充值", "Top up"),
            description=(
                "创建充值单并向渠道预下单。网络失败后用同一个 Idempotency-Key 重试，得到同一张充值单。",
                "Makes a top-up and opens its payment. Retrying with the same Idempotency-Key gives the same top-up.",
            ),
            status=201,
            answer=top_ups.TopUp,
            refusals=(
                billing_packages.NoSuchPackage,
                billing_top_ups.PackageOrAmount,
                billing_top_ups.AmountOutOfRange,
                billing_top_ups.BalanceLimit,
                billing_top_ups.PayerUnknown,
                billing_top_ups.KeyReused,
                channels.NoSuchChannel,
                payments.ChannelUnavailable,
                payments.ChannelDeclined,
                statements.NoSuchAccount,
            ),
            auth=CUSTOMER,
            idempotent=True,
        ),
        kit.get(
            "/top-ups",
            top_ups.listing,
            summary=("充值记录", "Top-ups"),
            answer=kit.Page[top_ups.TopUp],
            auth=CUSTOMER,
        ),
        kit.get(
            "/top-ups/{top_up_no}",
            top_ups.one,
            summary=("一笔充值", "One top-up"),
            answer=top_ups.TopUp,
            refusals=(billing_top_ups.NoSuchTopUp,),
            auth=CUSTOMER,
        ),
        kit.post(
            "/top-ups/{top_up_no}/check",
            top_ups.check,
            summary=("向渠道查询充值结果", "Ask the channel how a top-up stands"),
            answer=top_ups.TopUp,
            refusals=(
                billing_top_ups.NoSuchTopUp,
                payments.NoSuchPayment,
                payments.ChannelUnavailable,
                channels.NoSuchChannel,
            ),
            auth=CUSTOMER,
            rate=kit.Rate(30, 60),
        ),
        kit.get(
            "/products",
            products.listing,
            summary=("商品", "Products"),
            answer=kit.Page[products.Product],
            auth=CUSTOMER,
        ),
        kit.get(
            "/products/{product_id}",
            products.one,
            summary=("一件商品", "One product"),
            answer=products.Product,
            refusals=(shop_products.NoSuchProduct,),
            auth=CUSTOMER,
        ),
        kit.post(
            "/orders",
            orders.place,
            summary=("下单", "Place an order"),
            status=201,
            answer=orders.Order,
            refusals=(
                shop_orders.SkuNotForSale,
                shop_orders.OutOfStock,
                shop_orders.OrderTooLarge,
                shop_orders.KeyReused,
            ),
            auth=CUSTOMER,
            idempotent=True,
        ),
        kit.get(
            "/orders",
            orders.listing,
            summary=("订单", "Orders"),
            answer=kit.Page[orders.Order],
            auth=CUSTOMER,
        ),
        kit.get(
            "/orders/{order_no}",
            orders.one,
            summary=("一张订单", "One order"),
            answer=orders.Order,
            refusals=(shop_orders.NoSuchOrder,),
            auth=CUSTOMER,
        ),
        kit.post(
            "/orders/{order_no}/pay",
            orders.pay,
            summary=("用余额支付订单", "Pay an order from the balance"),
            answer=orders.Order,
            refusals=(
                shop_orders.NoSuchOrder,
                shop_orders.OrderStateForbids,
                shop_orders.InsufficientBalance,
                shop_orders.KeyReused,
            ),
            auth=CUSTOMER,
            idempotent=True,
        ),
        kit.post(
            "/orders/{order_no}/cancel",
            orders.cancel,
            summary=("取消订单", "Cancel an order"),
            description=(
                "库存放回，已付的钱按原批次退回余额。",
                "Stock is given back, and what was paid returns to the balance it came from.",
            ),
            answer=orders.Order,
            refusals=(shop_orders.NoSuchOrder, shop_orders.OrderStateForbids),
            auth=CUSTOMER,
        ),
        kit.get(
            "/bills",
            bills.listing,
            summary=("账单", "Bills"),
            answer=kit.Page[bills.Bill],
            auth=CUSTOMER,
        ),
        kit.get(
            "/bills/{bill_no}",
            bills.one,
            summary=("一张账单", "One bill"),
            answer=bills.Bill,
            refusals=(billing_bills.NoSuchBill,),
            auth=CUSTOMER,
        ),
        kit.post(
            "/bills/{bill_no}/pay",
            bills.pay,
            summary=("用余额支付账单", "Pay a bill from the balance"),
            description=(
                "订单的账单请通过订单支付。",
                "Bills of orders are paid with the order.",
            ),
            answer=bills.Bill,
            refusals=(
                billing_bills.NoSuchBill,
                billing_bills.BillNotOwed,
                billing_bills.InsufficientBalance,
                billing_bills.KeyReused,
            ),
            auth=CUSTOMER,
            idempotent=True,
        ),
        kit.get(
            "/plan-offers",
            plans.offers,
            summary=("可订阅的计划", "Plans on offer"),
            answer=kit.Page[plans.PlanOffer],
            auth=CUSTOMER,
        ),
        kit.post(
            "/plans",
            plans.subscribe,
            summary=("订阅计划", "Subscribe to a plan"),
            status=201,
            answer=plans.Plan,
            refusals=(billing_plans.NoSuchOffer, billing_plans.ConsentOutdated, billing_plans.KeyReused),
            auth=CUSTOMER,
            idempotent=True,
        ),
        kit.get(
            "/plans",
            plans.listing,
            summary=("我的计划", "The customer's plans"),
            answer=kit.Page[plans.Plan],
            auth=CUSTOMER,
        ),
        kit.post(
            "/plans/{plan_id}/cancel",
            plans.cancel,
            summary=("取消计划", "End a plan"),
            answer=plans.Plan,
            refusals=(billing_plans.NoSuchPlan,),
            auth=CUSTOMER,
        ),
        kit.get(
            "/messages",
            messages.listing,
            summary=("消息", "Messages"),
            answer=kit.Page[messages.Message],
            auth=CUSTOMER,
        ),
        kit.get(
            "/message-templates",
            messages.subscribable,
            summary=("可订阅的消息模板", "Subscribe messages to ask for"),
            answer=kit.Page[messages.MessageTemplate],
            auth=CUSTOMER,
        ),
    ),
)
