"""Parcels under way."""

from admin_api import parcels
from admin_api.routes.caller import OPERATOR
from core import http as kit
from shop import tracking

ROUTES = (
    kit.get(
        "/parcels",
        parcels.one,
        summary=("物流轨迹", "Where a parcel is"),
        description=(
            "由快递100推送，六小时没有消息时主动查询。",
            "As Kuaidi100 pushes it; asked about when nothing was heard for six hours.",
        ),
        answer=parcels.Trail,
        refusals=(tracking.NoSuchParcel,),
        auth=OPERATOR,
    ),
    kit.post(
        "/parcels",
        parcels.watch,
        summary=("跟踪一个包裹", "Watch a parcel"),
        description=(
            "发货的包裹自动跟踪，不用再登记。",
            "Parcels of shipments are watched by themselves.",
        ),
        answer=parcels.Trail,
        auth=OPERATOR,
        idempotent=True,
    ),
)
