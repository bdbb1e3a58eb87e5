"""Invoices."""

from billing import invoices as desk
from core import http as kit
from miniapp_api import invoices
from miniapp_api.routes.caller import CUSTOMER

_ALL = "/invoices"
_ONE = f"{_ALL}/{{invoice_no}}"

ROUTES = (
    kit.get(
        f"{_ALL}/possible",
        invoices.possible,
        summary=("可以开发票的款项", "What an invoice can be asked for"),
        description=(
            "充值，以及用渠道或在柜台付的账单。用余额付的不再开票，充值时已可开。最近一百笔充值和一百张账单里最多二十项。",
            "Top-ups, and bills as far as they were paid by a channel or at the counter. What was paid from the balance is not invoiced again. "
            "At most twenty of the last hundred top-ups and hundred bills.",
        ),
        answer=invoices.OpenInvoices,
        auth=CUSTOMER,
    ),
    kit.get(
        _ALL,
        invoices.listing,
        summary=("我的发票申请", "The customer's requests for invoices"),
        answer=kit.Page[invoices.Invoice],
        auth=CUSTOMER,
    ),
    kit.post(
        _ALL,
        invoices.request,
        summary=("申请发票", "Ask for an invoice"),
        description=(
            "由门店开具，开好或不能开都会通知顾客。充值开具编码 601 的普通发票，不征税。",
            "The shop issues it, and the customer is told of it or why not. A top-up's is an ordinary invoice of code 601, not taxed.",
        ),
        status=201,
        answer=invoices.Invoice,
        refusals=(
            desk.NothingToInvoice,
            desk.InvoiceAboveLeft,
            desk.InvoiceTitleWrong,
            desk.TaxNumberWrong,
            desk.AddressNotUsable,
            desk.TooManyInvoices,
            desk.CustomerHasLeft,
            desk.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.get(
        _ONE,
        invoices.one,
        summary=("一个发票申请", "One request"),
        answer=invoices.Invoice,
        refusals=(desk.NoSuchInvoice,),
        auth=CUSTOMER,
    ),
    kit.post(
        f"{_ONE}/withdraw",
        invoices.withdraw,
        summary=("撤回发票申请", "Take a request back"),
        answer=invoices.Invoice,
        refusals=(desk.NoSuchInvoice, desk.InvoiceStateForbids, desk.KeyReused),
        auth=CUSTOMER,
        idempotent=True,
    ),
)
