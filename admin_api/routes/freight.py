"""Freight templates."""

from admin_api import freight
from admin_api.routes.caller import OPERATOR
from core import http as kit
from shop import freight as desk

_TEMPLATES = "/freight-templates"

ROUTES = (
    kit.get(
        _TEMPLATES,
        freight.listing,
        summary=("运费模板", "Freight templates"),
        answer=kit.Page[freight.Template],
        auth=OPERATOR,
    ),
    kit.post(
        _TEMPLATES,
        freight.add,
        summary=("新增运费模板", "Add a freight template"),
        description=(
            "每个地区用代码最长的一项；没有列到、又没有「其余地区」的，不配送。",
            "A region goes by the zone that names it most closely; where none does, nothing is sent.",
        ),
        status=201,
        answer=freight.Template,
        refusals=(desk.FreightTemplateInvalid, desk.FreightTemplateNameTaken, desk.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.put(
        f"{_TEMPLATES}/{{template_id}}",
        freight.change,
        summary=("修改运费模板", "Change a freight template"),
        description=("已下的订单运费不变。", "Orders that are placed keep their freight."),
        answer=freight.Template,
        refusals=(
            desk.NoSuchFreightTemplate,
            desk.FreightTemplateInvalid,
            desk.FreightTemplateNameTaken,
            desk.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.delete(
        f"{_TEMPLATES}/{{template_id}}",
        freight.end,
        summary=("停用运费模板", "Take a freight template out of force"),
        description=(
            "用它的商品改用店铺默认模板；没有默认模板则不收运费。",
            "Its products go by the shop's default; without one sending costs nothing.",
        ),
        answer=kit.Page[freight.Template],
        refusals=(desk.NoSuchFreightTemplate,),
        auth=OPERATOR,
    ),
    kit.get(
        f"{_TEMPLATES}/{{template_id}}/fee",
        freight.preview,
        summary=("试算运费", "What a parcel would cost"),
        answer=freight.Fee,
        refusals=(desk.NoSuchFreightTemplate, desk.RegionInvalid, desk.NotDeliveredThere),
        auth=OPERATOR,
    ),
    kit.put(
        "/products/{product_id}/freight-template",
        freight.assign,
        summary=("商品用哪个运费模板", "Which template a product goes by"),
        answer=kit.Page[freight.Template],
        refusals=(desk.NoSuchProduct, desk.NoSuchFreightTemplate),
        auth=OPERATOR,
    ),
)
