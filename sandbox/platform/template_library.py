"""The message templates the sandbox's merchant has picked in the consoles: names, titles and their fields.

The name of a field without its digits is its type (thing, amount, date …).
"""

from __future__ import annotations

SUBSCRIBE: dict[str, tuple[str, dict[str, str]]] = {
    "low_balance": ("余额不足提醒", {"amount1": "账户余额", "amount2": "提醒金额", "thing3": "温馨提示"}),
    "payment_due": (
        "缴费到期提醒",
        {"thing1": "缴费项目", "amount2": "应缴金额", "date3": "到期日期", "thing4": "备注"},
    ),
    "deducted": (
        "扣费成功通知",
        {"thing1": "扣费项目", "amount2": "扣费金额", "amount3": "账户余额", "time4": "扣费时间"},
    ),
    "topped_up": (
        "充值成功通知",
        {"amount1": "充值金额", "amount2": "赠送金额", "amount3": "账户余额", "time4": "充值时间"},
    ),
    "adjusted": (
        "账户变动提醒",
        {"thing1": "变动原因", "amount2": "变动金额", "amount3": "账户余额", "time4": "变动时间"},
    ),
    "order_paid": (
        "订单支付成功通知",
        {"character_string1": "订单编号", "amount2": "支付金额", "time3": "支付时间", "thing4": "备注"},
    ),
    "refunded": ("退款成功通知", {"amount1": "退款金额", "time2": "退款时间", "thing3": "退款说明"}),
}

OFFICIAL: dict[str, tuple[str, dict[str, str]]] = {
    "deducted": (
        "扣费成功通知",
        {"thing1": "扣费项目", "amount2": "扣费金额", "amount3": "账户余额", "time4": "扣费时间"},
    ),
    "payment_due": ("缴费到期提醒", {"thing1": "缴费项目", "amount2": "应缴金额", "time3": "到期时间"}),
}
