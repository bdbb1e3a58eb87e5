"""After-sales."""

from admin_api import after_sales
from admin_api.routes.caller import OPERATOR
from core import http as kit
from shop import after_sale_photos, after_sale_refunds
from shop import after_sales as desk

_ALL = "/after-sales"
_ONE = f"{_ALL}/{{return_no}}"
_STEP = (desk.NoSuchAfterSale, desk.AfterSaleStateForbids, desk.KeyReused)

ROUTES = (
    kit.get(
        _ALL,
        after_sales.listing,
        summary=("售后", "After-sales"),
        answer=kit.Page[after_sales.AfterSale],
        auth=OPERATOR,
    ),
    kit.get(
        _ONE,
        after_sales.one,
        summary=("一个售后", "One after-sale"),
        answer=after_sales.AfterSaleSeen,
        refusals=(desk.NoSuchAfterSale,),
        auth=OPERATOR,
    ),
    kit.get(
        f"{_ONE}/photos/{{nth}}",
        after_sales.photo,
        summary=("售后图片", "A photo"),
        file=after_sales.JPEG,
        refusals=(desk.NoSuchAfterSale, after_sale_photos.NoSuchPhoto),
        auth=OPERATOR,
    ),
    kit.post(
        f"{_ONE}/approve",
        after_sales.approve,
        summary=("同意退货或换货", "Agree that the goods come back"),
        description=("仅退款的直接退款。", "One without goods is refunded at once."),
        answer=after_sales.AfterSale,
        refusals=_STEP,
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        f"{_ONE}/reject",
        after_sales.reject,
        summary=("拒绝售后", "Turn an after-sale down"),
        description=(
            "收到退货后也可以拒绝（空包、错件）：库存不变，原因中写明东西的去向。",
            "Also after something came back, as an empty box or the wrong goods: the stock stays as it is, the reason says where they went.",
        ),
        answer=after_sales.AfterSale,
        refusals=_STEP,
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        f"{_ONE}/receive",
        after_sales.receive,
        summary=("收到退货", "The goods are back"),
        description=(
            "重新入库，报损的除外。",
            "They can be sold again, but for those that are written off.",
        ),
        answer=after_sales.AfterSale,
        refusals=(*_STEP, desk.NotReceived),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        f"{_ONE}/refund",
        after_sales.refund,
        summary=("售后退款", "Give the money back"),
        description=(
            "退到原支付方式；超过门店限额的须第二人复核（approval_no）。账单已另行退款的，只退剩余的部分，可能为 0。",
            "The way it came; above the shop's limit a second person agrees first (`approval_no`). Of a bill that was refunded otherwise only "
            "what is left goes back, which may be 0.",
        ),
        answer=after_sales.AfterSale,
        refusals=(
            *_STEP,
            after_sale_refunds.MoreThanPaid,
            after_sale_refunds.BillPaymentPending,
            after_sale_refunds.BillUnderReview,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        f"{_ONE}/shipment",
        after_sales.send_anew,
        summary=("换货寄出", "Send the goods anew"),
        answer=after_sales.AfterSale,
        refusals=(*_STEP, desk.OutOfStock),
        auth=OPERATOR,
        idempotent=True,
    ),
)
