"""Money: adjustments, bills, payments at channels, what was set aside."""

from admin_api import (
    adjustments,
    bills,
    customers,
    payments,
    quarantine,
)
from admin_api.routes.caller import OPERATOR
from billing import adjustments as billing_adjustments
from billing import channels
from billing import payments as billing_payments
from core import http as kit

ROUTES = (
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
)
