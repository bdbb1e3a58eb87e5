"""Money: bills, payments at channels, what was set aside."""

from admin_api import (
    bills,
    payments,
    quarantine,
)
from admin_api.routes.caller import OPERATOR
from billing import channels
from billing import payments as billing_payments
from core import http as kit

ROUTES = (
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
