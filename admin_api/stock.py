"""Stock by store: what there is, counting and changing it, its movements."""

from typing import Annotated

from pydantic import Field

from admin_api.services import Operator
from core import http as kit
from shop import stock

Store = Annotated[
    Annotated[kit.No, Field(max_length=20)] | None,
    Field(
        description="门店代码，不填为总店 · a store's code; left out: the shop's own", examples=["west-lake"]
    ),
]


class StockChange(kit.Body):
    store: Store = None
    counted: Annotated[
        Annotated[int, Field(ge=0, le=1_000_000)] | None,
        Field(description="盘点数 · so many are there", examples=[120]),
    ] = None
    change: Annotated[
        Annotated[int, Field(ge=-1_000_000, le=1_000_000)] | None,
        Field(description="增减数；与盘点数二选一 · so many more or fewer; or counted", examples=[50]),
    ] = None
    low_at: Annotated[
        Annotated[int, Field(ge=-1, le=1_000_000)] | None,
        Field(
            description="可售数降到这里提醒店员，-1 取消提醒 · the shop's people are told when no more can be ordered; -1: never",
            examples=[10],
        ),
    ] = None
    reason: Annotated[kit.Text, Field(max_length=200, examples=["到货"])] = ""


class Level(kit.Answer):
    sku_id: int
    store_id: Annotated[int, Field(description="0 为总店 · 0: the shop's own")]
    on_hand: Annotated[int, Field(description="现有 · what there is")]
    reserved: Annotated[int, Field(description="已预留给订单 · promised to orders")]
    available: Annotated[int, Field(description="可售 · what can be ordered")]
    low_at: int | None


class StoreLevel(Level):
    store: Store


class Movement(kit.Answer):
    kind: Annotated[
        str,
        Field(examples=["opened", "adjusted", "counted", "shipped", "handed_over", "returned"]),
    ]
    store_id: int
    change: int
    on_hand_after: int
    by: Annotated[str, Field(examples=["operator:7"])]
    reason: str
    reference: Annotated[str | None, Field(examples=["S261123…"])]
    created_at: kit.Instant


async def levels(sku_id: int) -> kit.Page[Level]:
    """What every store has of a SKU."""
    rows = await stock.levels([sku_id])
    return kit.Page[Level](items=[Level.model_validate(row) for row in rows])


async def of_product(product_id: int) -> kit.Page[StoreLevel]:
    """What every store has of each SKU of a product that is on sale."""
    rows = await stock.of_product(product_id)
    return kit.Page[StoreLevel](
        items=[StoreLevel(**Level.model_validate(level).model_dump(), store=store) for level, store in rows]
    )


async def change(sku_id: int, body: StockChange, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Counts or changes what a store has of a SKU."""
    wish = stock.Change(body.counted, body.change, body.low_at, body.reason)
    within = caller.stores("stock.change")
    return await stock.change(caller.id, sku_id, wish, store=body.store, within=within, key=key)


async def movements(sku_id: int, query: kit.PageQuery) -> object:
    """What came and left, the newest first."""
    rows = await stock.movements(sku_id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)
