"""What the mini-program's platform is told of payments."""

from admin_api import shipping
from admin_api.routes.caller import OPERATOR
from billing import shipping as billing_shipping
from core import http as kit

_CHANGING = (
    billing_shipping.NoSuchShippingReport,
    billing_shipping.ShippingReportForbids,
    billing_shipping.KeyReused,
)

ROUTES = (
    kit.get(
        "/shipping-reports",
        shipping.listing,
        summary=("发货信息", "Shipping reports"),
        description=(
            "小程序内的每笔微信支付都要报告发货，平台才结算；由系统自动上传。",
            "The platform settles a payment made in the mini-program only when it is reported as shipped; uploaded by the clock.",
        ),
        answer=kit.Page[shipping.ShippingReport],
        auth=OPERATOR,
    ),
    kit.post(
        "/shipping-reports/{payment_no}/retry",
        shipping.retry,
        summary=("重新上传", "Upload one again that was given up"),
        answer=shipping.ShippingReport,
        refusals=_CHANGING,
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/shipping-reports/{payment_no}/express",
        shipping.express,
        summary=("填写快递单号", "Enter the parcel it was sent in"),
        description=(
            "已上传过的可以更正一次。",
            "What was uploaded before can be corrected once.",
        ),
        answer=shipping.ShippingReport,
        refusals=_CHANGING,
        auth=OPERATOR,
        idempotent=True,
    ),
)
