"""Products and SKUs: what the shop sells, its price and what is left."""

from typing import Annotated, Literal

from pydantic import Field

from admin_api.services import Operator
from core import http as kit
from shop import categories, products, products_skus, specs

Stock = Annotated[int, Field(ge=0, le=1_000_000, examples=[100])]
Code = Annotated[
    str,
    Field(
        min_length=1,
        max_length=40,
        pattern=r"^[\x21-\x7e]+$",
        description="商家自己的编号 · the shop's own number",
        examples=["LJ-50"],
    ),
]
ProductCode = Annotated[
    Code,
    Field(
        pattern=r"^[^#]",
        description="商家自己的编号，不以 # 开头：导出表用 #17 表示没有编号的商品 · the shop's own number; it does not begin with #, by which an "
        "export names a product without one",
    ),
]
Barcode = Annotated[
    str, Field(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z-]+$", examples=["6901234567892"])
]
Weight = Annotated[
    int, Field(ge=0, le=1_000_000, description="毛重，克 · grams with wrapping", examples=[120])
]
Word = Annotated[kit.Name, Field(max_length=20)]
SkuName = Annotated[kit.Text, Field(max_length=60, examples=["大杯"])]
Specs = Annotated[
    list[Word],
    Field(
        max_length=specs.MAX_AXES,
        description="每个规格项的值，与 axes 同序 · a value of each axis, in their order",
        examples=[["红"]],
    ),
]


class ProductsQuery(kit.SortedQuery):
    q: Annotated[
        Annotated[kit.Text, Field(max_length=60)] | None,
        Field(description="名称（汉字、拼音、首字母）或编号 · by name, pinyin, initials or number"),
    ] = None
    sort: Annotated[
        Literal["sold", "-sold", "lowest_fen", "-lowest_fen"] | None, Field(description=kit.SORT)
    ] = None


class NewAxis(kit.Body):
    name: Annotated[Word, Field(examples=["颜色"])]
    values: Annotated[list[Word], Field(min_length=1, max_length=specs.MAX_VALUES, examples=[["红", "蓝"]])]


Axes = Annotated[list[NewAxis], Field(max_length=specs.MAX_AXES)]


class NewSku(kit.Body):
    name: Annotated[SkuName, Field(description="空则用规格值 · empty: called by its values")] = ""
    price_fen: Annotated[kit.PositiveFen, Field(examples=[2800])]
    stock: Stock
    specs: Specs = Field(default_factory=list)
    code: Code | None = None
    barcode: Barcode | None = None
    weight_g: Weight = 0


class NewProduct(kit.Body):
    name: Annotated[kit.Name, Field(max_length=60, examples=["茉莉奶绿"])]
    description: kit.Paragraphs = ""
    code: ProductCode | None = None
    axes: Axes = Field(default_factory=list)
    skus: Annotated[list[NewSku], Field(min_length=1, max_length=specs.MAX_SKUS)]


class ProductChange(kit.Body):
    name: Annotated[kit.Name, Field(max_length=60)] | None = None
    description: kit.Paragraphs | None = None
    state: Literal["on_shelf", "off_shelf"] | None = None
    code: ProductCode | None = None


class SkuChange(kit.Body):
    price_fen: kit.PositiveFen | None = None
    code: Code | None = None
    barcode: Barcode | None = None
    weight_g: Weight | None = None


class WantedSku(kit.Body):
    id: Annotated[
        kit.Id | None, Field(description="原有的规格；不填为新增 · one there is; left out: a new one")
    ] = None
    name: SkuName = ""
    price_fen: Annotated[kit.PositiveFen, Field(examples=[2800])]
    stock: Annotated[Stock, Field(description="新增规格的库存 · of a new one; an old one keeps its own")] = 0
    specs: Specs = Field(default_factory=list)
    code: Code | None = None
    barcode: Barcode | None = None
    weight_g: Weight = 0


class WantedSkus(kit.Body):
    axes: Axes = Field(default_factory=list)
    skus: Annotated[list[WantedSku], Field(min_length=1, max_length=specs.MAX_SKUS)]


class Within(kit.Body):
    category_ids: Annotated[list[kit.Id], Field(max_length=categories.MAX_OF_A_PRODUCT)]


class Axis(kit.Answer):
    name: str
    values: list[str]


class Sku(kit.Answer):
    id: int
    name: str
    price_fen: Annotated[int, Field(description="标价 · the list price")]
    stock: int
    specs: list[str]
    code: str | None
    barcode: str | None
    weight_g: int
    state: Annotated[str, Field(examples=["on_sale", "withdrawn"])]


class Product(kit.Answer):
    id: int
    name: str
    description: str
    state: Annotated[str, Field(examples=["on_shelf", "off_shelf"])]
    code: str | None
    axes: list[Axis]
    sold: Annotated[int, Field(description="近 30 天售出件数 · pieces sold in 30 days")]
    category_ids: list[int]
    lowest_fen: Annotated[int | None, Field(description="最低标价 · the lowest list price")]
    available: Annotated[
        int, Field(description="全部规格、全部门店的可售数 · what can be ordered of all SKUs at all stores")
    ]
    is_low: Annotated[
        bool, Field(description="有规格到了库存提醒线 · whether one of its SKUs is low at a store")
    ]
    picture: Annotated[
        str | None,
        Field(
            description="首图，取图：GET /api/v1/images/{picture}/small · the first picture, where its files are"
        ),
    ]
    skus: list[Sku]


def _sku(body: NewSku | WantedSku) -> products.NewSku:
    rest = (tuple(body.specs), body.code, body.barcode, body.weight_g)
    return products.NewSku(body.name, body.price_fen, body.stock, *rest)


def _axes(axes: list[NewAxis]) -> list[specs.Axis]:
    return [specs.Axis(axis.name, tuple(axis.values)) for axis in axes]


async def listing(query: ProductsQuery) -> object:
    """All products, oldest first."""
    rows = await products.page(
        after=0 if query.sort else query.after(int) or 0,
        limit=query.limit + 1,
        off_shelf_too=True,
        words=query.q,
        sort=query.chosen(),
    )
    return kit.cut_sorted(rows, query, getattr)


async def one(product_id: int) -> object:
    """One product, on the shelf or not."""
    return await products.get(product_id)


async def add(body: NewProduct, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Adds a product and puts it on the shelf."""
    skus = [_sku(sku) for sku in body.skus]
    new = products.NewProduct(body.name, body.description, skus, body.code, _axes(body.axes))
    return await products.add_once(caller.id, new, key=key)


async def change(product_id: int, body: ProductChange) -> object:
    """Changes what is given and leaves the rest."""
    return await products.change(
        product_id, name=body.name, description=body.description, state=body.state, code=body.code
    )


async def change_sku(sku_id: int, body: SkuChange) -> object:
    """Sets the price, its numbers or its weight."""
    return await products.change_sku(sku_id, **body.model_dump())


async def put_skus(product_id: int, body: WantedSkus, caller: Operator) -> object:
    """Sets the axes and all SKUs."""
    wanted = [products_skus.Wanted(_sku(sku), sku.id) for sku in body.skus]
    return await products_skus.put(caller.id, product_id, _axes(body.axes), wanted)


async def put_categories(product_id: int, body: Within) -> object:
    """Sets in which categories it stands."""
    return await categories.put_product(product_id, body.category_ids)
