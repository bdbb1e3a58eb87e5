"""A small door with one of everything, to act on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import Field

from core import errors
from core import http as kit

SECRET = kit.Key("2026-01", b"a test key of at least 32 bytes, really")
TOKENS = kit.Tokens([SECRET], issuer="yucun", audience="customers", lifetime=timedelta(hours=2))
CUSTOMER = kit.Bearer("customer", ("顾客令牌", "A customer's token"), format="JWT")


@dataclass(frozen=True)
class Customer:
    id: int

    @property
    def label(self) -> str:
        return f"customer:{self.id}"


@dataclass
class Shop:
    name: str
    placed: dict[str, "Order"]


@dataclass
class Order:
    id: int
    order_no: str
    total_fen: int
    placed_at: datetime
    secret_note: str = "not for clients"


class OutOfStock(errors.Conflict):
    code = "conflict"


class Line(kit.Body):
    sku_id: kit.Id
    quantity: kit.Count


class NewOrder(kit.Body):
    lines: Annotated[list[Line], Field(min_length=1, max_length=50)]
    note: kit.Text = ""
    channel: Literal["wechat_pay", "alipay"] = "wechat_pay"


class OrderAnswer(kit.Answer):
    order_no: str
    total_fen: int
    placed_at: kit.Instant


class Echo(kit.Answer):
    told: str


class Filter(kit.PageQuery):
    state: Annotated[list[kit.Text], Field(max_length=3, default_factory=list)]
    search: kit.Text | None = None


async def place(body: NewOrder, caller: Customer, key: kit.IdempotencyKey, services: Shop) -> Order:
    if any(line.quantity == 9999 for line in body.lines):
        raise OutOfStock(left=3)
    order = Order(len(services.placed) + 1, key, 100 * len(body.lines), datetime(2026, 11, 23, tzinfo=UTC))
    services.placed[key] = order
    return order


async def listing(query: Filter, services: Shop) -> object:
    after = query.after(int) or 0
    rows = [Order(n, f"O{n}", n, datetime(2026, 11, 23, tzinfo=UTC)) for n in range(1, 46) if n > after]
    return kit.cut(rows[: query.limit + 1], query, lambda row: row.id)


async def by_number(number: int) -> Echo:
    return Echo(told=str(number))


async def by_name(name: kit.Text, locale: str, request: web.Request) -> Echo:
    return Echo(told=f"{name} {locale} {request.method}")


async def forget(number: int, caller: Customer) -> None:
    return None


async def fall(kind: str) -> Echo:
    if kind == "slow":
        await asyncio.sleep(30)
    if kind == "outage":
        raise ConnectionRefusedError("db.internal:5432")
    refusal = {
        "not_found": errors.NotFound,
        "conflict": errors.Conflict,
        "forbidden": errors.Forbidden,
        "unauthenticated": errors.Unauthenticated,
        "unavailable": errors.Unavailable,
        "invalid": errors.Invalid,
    }.get(kind)
    if refusal is not None:
        raise refusal
    raise RuntimeError(f"not for clients: Bearer abcdefgh for 13800138000 at {kind}")


async def rarely() -> None:
    return None


API = kit.Api(
    title=("示例", "Example"),
    version="1.0.0",
    prefix="/api/v1",
    routes=(
        kit.post(
            "/orders",
            place,
            summary=("下单", "Place an order"),
            status=201,
            answer=OrderAnswer,
            refusals=(OutOfStock,),
            auth=CUSTOMER,
            idempotent=True,
        ),
        kit.get("/orders", listing, summary=("订单列表", "Orders"), answer=kit.Page[OrderAnswer]),
        kit.get("/numbers/{number}", by_number, summary=("编号", "A number"), answer=Echo),
        kit.get("/names/{name}", by_name, summary=("名称", "A name"), answer=Echo),
        kit.delete("/numbers/{number}", forget, summary=("忘记", "Forget"), auth=CUSTOMER),
    ),
)

FALLING = kit.Api(
    title=("出错", "Falling"),
    version="1.0.0",
    prefix="/falling/v1",
    routes=(
        kit.get("/falls/{kind}", fall, summary=("出错", "Fall"), answer=Echo),
        kit.get("/rare", rarely, summary=("少", "Rare"), rate=kit.Rate(2, 60)),
    ),
)


async def authenticate(request: web.Request) -> Customer:
    return Customer(int(TOKENS.verify(kit.bearer(request)).subject))


def door(**changed: object) -> web.Application:
    """The example door; ``changed`` goes to ``kit.build``."""
    return kit.build(API, **{"services": Shop("小店", {}), "authenticate": authenticate} | changed)


@asynccontextmanager
async def open_client(*doors: web.Application, settings: kit.Edge | None = None) -> AsyncIterator[TestClient]:
    """A client of a real server that holds these doors, or the example door."""
    async with TestClient(TestServer(kit.root(doors or (door(),), settings=settings))) as client:
        yield client


def signed_in(customer_id: int = 17) -> dict[str, str]:
    """Headers of a signed-in customer."""
    return {"Authorization": f"Bearer {TOKENS.issue(str(customer_id)).token}"}
