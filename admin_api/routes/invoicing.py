"""Invoices that customers asked for."""

from admin_api import invoices
from admin_api.routes.caller import OPERATOR
from billing import invoices as desk
from core import http as kit

_ALL = "/invoices"
_ONE = f"{_ALL}/{{invoice_no}}"

ROUTES = (
    kit.get(
        _ALL,
        invoices.listing,
        summary=("发票申请", "Requests for invoices"),
        answer=kit.Page[invoices.Invoice],
        auth=OPERATOR,
    ),
    kit.get(
        _ONE,
        invoices.one,
        summary=("一个发票申请", "One request"),
        answer=invoices.Invoice,
        refusals=(desk.NoSuchInvoice,),
        auth=OPERATOR,
    ),
    kit.post(
        f"{_ONE}/reveal",
        invoices.reveal,
        summary=("查看完整抬头", "Show to whom it is to be made out"),
        description=(
            "申请里的个人抬头、税号和邮箱部分隐藏；查看会记入操作记录。",
            "Requests show a person's title, the tax number and the e-mail address masked; that they were looked at is written down.",
        ),
        answer=invoices.MadeOut,
        refusals=(desk.NoSuchInvoice,),
        auth=OPERATOR,
    ),
    kit.post(
        f"{_ONE}/issue",
        invoices.issue,
        summary=("登记已开具的发票", "Note that it was issued"),
        description=(
            "发票在税务系统里开具，这里登记号码并通知顾客。申请后退过款、金额不够的不能登记，请拒绝并让顾客重新申请。",
            "The invoice is issued in the tax authority's system; its number is noted here, and the customer told. Not if money went back "
            "since and less is left: refuse it, and let the customer ask anew.",
        ),
        answer=invoices.Invoice,
        refusals=(
            desk.NoSuchInvoice,
            desk.InvoiceStateForbids,
            desk.InvoiceAboveLeft,
            desk.InvoiceNumberTaken,
            desk.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        f"{_ONE}/refuse",
        invoices.refuse,
        summary=("不予开具", "Refuse it"),
        description=("写明原因，会告诉顾客。", "With the reason, which the customer is told."),
        answer=invoices.Invoice,
        refusals=(desk.NoSuchInvoice, desk.InvoiceStateForbids, desk.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
)
