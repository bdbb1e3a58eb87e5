"""What can be ordered."""

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from billing import stores
from core import http as kit
from miniapp_api.services import Customer, Services
from shop import categories, images, search, shelf

StoreCode = Annotated[
    Annotated[kit.No, Field(max_length=20)] | None,
    Field(description="在哪家门店看：按该店的价格和库存 · the store whose prices and stock are wanted"),
]


class StoreQuery(kit.Query):
    store: StoreCode = None


class ProductsQuery(kit.PageQuery):
    store: StoreCode = None
    q: Annotated[
        Annotated[kit.Text, Field(max_length=60)] | None,
        Field(
            description="查找：汉字、拼音或首字母，可用空格分开几个词 · words: as written, in pinyin, or its initials",
            examples=["龙井", "longjing", "lj"],
        ),
    ] = None
    category_id: Annotated[
        kit.Id | None, Field(description="分类，含下级 · in this category or within it")
    ] = None
    from_fen: Annotated[
        kit.Fen | None, Field(description="最低标价不低于 · its lowest list price is not below")
    ] = None
    until_fen: Annotated[
        kit.Fen | None, Field(description="最低标价不高于 · its lowest list price is not above")
    ] = None
    order: Annotated[
        Literal["newest", "sales", "cheapest", "dearest"],
        Field(description="最新、销量、价格升序、价格降序 · in which order"),
    ] = "newest"


class Axis(kit.Answer):
    name: Annotated[str, Field(examples=["颜色"])]
    values: Annotated[list[str], Field(examples=[["红", "蓝"]])]


class Sku(kit.Answer):
    id: int
    name: Annotated[str, Field(examples=["大杯"])]
    specs: Annotated[
        list[str],
        Field(
            description="每个规格项的值，与 axes 同序 · a value of each axis, in their order",
            examples=[["红"]],
        ),
    ]
    price_fen: Annotated[int, Field(description="现在对您的价格 · what it costs you now", examples=[2800])]
    list_fen: Annotated[int, Field(description="标价 · the list price", examples=[3000])]
    price_reason: Annotated[
        str,
        Field(
            description="为什么是这个价格：标价、限时、会员、门店 · why it costs that",
            examples=["list", "period", "tier", "store"],
        ),
    ]
    stock: Annotated[int, Field(description="还可下单的数量 · what can still be ordered", examples=[36])]


class Image(kit.Answer):
    key: Annotated[
        str,
        Field(
            description="取图：/api/v1/images/{key}/small（300）、medium（750）、large（1600 像素）· where its files are",
            examples=["4f1c2ab97d3e60815b2f9a7c4f1c2ab9"],
        ),
    ]
    width: Annotated[int, Field(description="最大尺寸的宽 · of the largest", examples=[1600])]
    height: Annotated[int, Field(examples=[1200])]
    alt: Annotated[
        str,
        Field(
            description="图中是什么，供读屏；空则用商品名称 · what is seen in it, for screen readers; empty: the product's name",
            examples=["白瓷杯中的茉莉奶绿"],
        ),
    ]


class Product(kit.Answer):
    id: int
    name: Annotated[str, Field(examples=["茉莉奶绿"])]
    description: str
    axes: Annotated[list[Axis], Field(description="规格项；空则规格只有名称 · what its SKUs differ in")]
    sold: Annotated[int, Field(description="近 30 天售出件数 · pieces sold in 30 days")]
    images: Annotated[list[Image], Field(description="第一张代表商品 · the first stands for it")]
    skus: list[Sku]


class Category(kit.Answer):
    id: int
    name: Annotated[str, Field(examples=["绿茶"])]
    parent_id: int | None
    depth: Annotated[int, Field(description="1 为顶层 · 1 at the top")]


async def _looking(caller: Customer, store: str | None) -> shelf.Looking:
    return shelf.Looking(caller.id, None if store is None else await stores.id_of(store))


async def listing(query: ProductsQuery, caller: Customer) -> object:
    """Products on the shelf: those that are looked for, in the order asked for."""
    wanted = search.Wanted(query.q, query.category_id, query.from_fen, query.until_fen, query.order)
    after = query.after(tuple[str, int, int])
    if after is not None and after[0] != query.order:
        raise kit.InvalidCursor
    looking = await _looking(caller, query.store)
    rows = await search.find(wanted, looking, after=after and after[1:], limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: (query.order, *search.place(row, query.order)))


async def one(product_id: int, query: StoreQuery, caller: Customer) -> object:
    """One product on the shelf."""
    return await shelf.one(product_id, await _looking(caller, query.store))


async def image(image_key: str, size: images.Size, services: Services) -> web.Response:
    """A picture's file. What is under a key never changes."""
    response = web.Response(
        body=await images.file(services.images, image_key, size), content_type=images.MEDIA_TYPE
    )
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


async def tree() -> kit.Page[Category]:
    """The categories, each before what is within it."""
    return kit.Page[Category](items=[Category.model_validate(one) for one in await categories.listing()])
