"""After-sales."""

from core import http as kit
from miniapp_api import after_sales
from miniapp_api.routes.caller import CUSTOMER
from shop import after_sale_photos
from shop import after_sales as desk

_ALL = "/after-sales"
_ONE = f"{_ALL}/{{return_no}}"

ROUTES = (
    kit.post(
        "/orders/{order_no}/after-sales",
        after_sales.apply,
        summary=("申请售后", "Ask for an after-sale"),
        description=(
            "已发货的商品；同一件商品同时只能在一个售后里，一张订单可以有多个。",
            "For goods that were sent; a piece is in one after-sale at a time, an order may have several.",
        ),
        status=201,
        answer=after_sales.AfterSale,
        refusals=(
            desk.NoSuchOrder,
            desk.NotToBeReturned,
            desk.AfterSaleTooLate,
            desk.TooManyAfterSales,
            desk.CustomerHasLeft,
            desk.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.get(
        _ALL,
        after_sales.listing,
        summary=("售后", "After-sales"),
        answer=kit.Page[after_sales.AfterSale],
        auth=CUSTOMER,
    ),
    kit.get(
        _ONE,
        after_sales.one,
        summary=("一个售后", "One after-sale"),
        answer=after_sales.AfterSaleSeen,
        refusals=(desk.NoSuchAfterSale,),
        auth=CUSTOMER,
    ),
    kit.post(
        f"{_ONE}/photos",
        after_sales.show,
        summary=("上传售后图片", "Upload a photo"),
        description=(
            "wx.uploadFile，name 为 file；JPEG、PNG 或 WebP，不超过 5 MB，最多 6 张。重复上传同一张没有影响。",
            "wx.uploadFile with the name `file`; JPEG, PNG or WebP, at most 5 MB, six in all. The same again changes nothing.",
        ),
        answer=after_sales.AfterSale,
        upload=after_sale_photos.MAX_BYTES,
        refusals=(
            desk.NoSuchAfterSale,
            desk.AfterSaleStateForbids,
            after_sale_photos.TooManyPhotos,
            after_sale_photos.NotAnImage,
            after_sale_photos.ImageTooLarge,
        ),
        auth=CUSTOMER,
        rate=kit.Rate(20, 60),
    ),
    kit.get(
        f"{_ONE}/photos/{{nth}}",
        after_sales.photo,
        summary=("售后图片", "A photo"),
        file=after_sales.JPEG,
        refusals=(desk.NoSuchAfterSale, after_sale_photos.NoSuchPhoto),
        auth=CUSTOMER,
    ),
    kit.post(
        f"{_ONE}/withdraw",
        after_sales.withdraw,
        summary=("撤销售后", "Take an after-sale back"),
        answer=after_sales.AfterSale,
        refusals=(desk.NoSuchAfterSale, desk.AfterSaleStateForbids, desk.KeyReused),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.post(
        f"{_ONE}/parcel",
        after_sales.send_back,
        summary=("填写寄回单号", "Say by which parcel the goods come back"),
        answer=after_sales.AfterSale,
        refusals=(
            desk.NoSuchAfterSale,
            desk.AfterSaleStateForbids,
            desk.ParcelOfAnother,
            desk.TooManyParcels,
            desk.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
)
