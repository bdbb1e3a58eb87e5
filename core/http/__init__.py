"""The kit all JSON doors share. ``from core import http as kit``.

A door is a table of contents and handlers of three breaths: parse, one desk call, answer.

``routes.py``::

    CUSTOMER = kit.Bearer("customer", ("顾客令牌", "A customer's token"), format="JWT")

    API = kit.Api(
        title=("小程序接口", "Mini-program API"),
        version="1.0.0",
        prefix="/api/v1",
        routes=(
            kit.post("/login", login.sign_in, summary=("登录", "Sign in"), answer=login.SignedIn,
                     rate=kit.Rate(10, 60)),
            kit.post("/orders", orders.place, summary=("下单", "Place an order"), status=201,
                     answer=orders.OrderAnswer, refusals=(products.OutOfStock,), auth=CUSTOMER, idempotent=True),
            kit.get("/orders", orders.listing, summary=("订单列表", "Orders"),
                    answer=kit.Page[orders.OrderAnswer], auth=CUSTOMER),
            kit.get("/orders/{order_no}", orders.one, summary=("订单", "One order"), answer=orders.OrderAnswer,
                    auth=CUSTOMER),
        ),
    )

``orders.py`` (annotations are read at run time: import their modules for real, not under TYPE_CHECKING)::

    class Line(kit.Body):
        sku_id: kit.Id
        quantity: kit.Count

    class NewOrder(kit.Body):
        lines: Annotated[list[Line], Field(min_length=1, max_length=50)]

    class OrderAnswer(kit.Answer):          # made from any object with these attributes
        order_no: str
        total_fen: int

    async def place(body: NewOrder, caller: Customer, key: kit.IdempotencyKey) -> object:
        return await shop_orders.place(customer_id=caller.id, lines=…, key=key)

    async def listing(query: kit.PageQuery, caller: Customer) -> object:
        rows = await shop_orders.newest(customer_id=caller.id, before_id=query.after(int), limit=query.limit + 1)
        return kit.cut(rows, query, lambda row: row.id)

    async def one(order_no: str, caller: Customer) -> object:
        return await shop_orders.one(order_no, customer_id=caller.id)

A handler may take, by name: ``body``, ``query`` (models), ``caller``, ``key`` (with ``idempotent=True``), ``services`` (the
object the door was built with), ``locale``, ``upload`` (with ``upload=<most bytes>``), the parts of the path (``int`` is held to ``Id``, ``str`` to ``No``), and anything
annotated ``web.Request``. It returns the answer model, or an object with the same attributes, or None (204), or a finished
``web.Response``. Input without limits (a bare ``int``, ``str`` or ``list``) is refused when the door is built.

``__init__.py`` of the door::

    def build(*, tokens: kit.Tokens, limiter: kit.RateLimiter, origins: Sequence[str]) -> web.Application:
        async def authenticate(request: web.Request) -> Customer:      # has .label, e.g. "customer:17"
            return Customer(int(tokens.verify(kit.bearer(request)).subject))

        return kit.build(API, authenticate=authenticate, limiter=limiter, origins=origins)

and ``app`` serves ``kit.root([door, …], others={"/webhooks": …}, settings=kit.Edge(…))``, which gives every request its id,
log line, security headers and problem answers. In tests: ``TestClient(TestServer(kit.root([door])))``.
``kit.openapi(API)`` is the OpenAPI 3.1 document as a dict.

Refusals need only be raised: any ``core.errors.DomainError`` becomes a problem answer with the status of its kind, and
its sentences must stand in ``core/words/*/errors.toml``. List those a client must expect in the route's ``refusals``.
"""

from core.http.addresses import user_agent
from core.http.door import API as API_KEY
from core.http.door import build, root
from core.http.downloads import CSV, XLSX, download
from core.http.edge import Edge
from core.http.endpoint import CALLER_LABEL, CLIENT_ADDRESS, Authenticate, Caller, Limits
from core.http.fields import (
    Answer,
    Body,
    Count,
    Day,
    Fen,
    Id,
    IdempotencyKey,
    Instant,
    Moment,
    Name,
    No,
    Paragraphs,
    PositiveFen,
    Query,
    SignedFen,
    Text,
    Token,
)
from core.http.logs import JsonLines, masked
from core.http.openapi import openapi
from core.http.pages import SORT, Cut, Page, PageQuery, SortedQuery, cut, cut_sorted
from core.http.problems import InvalidCursor
from core.http.rates import Rate, RateLimiter
from core.http.routes import Api, Bearer, Link, Route, delete, get, patch, post, put
from core.http.streams import EventStream, ServerEvent
from core.http.tokens import Claims, Issued, Key, Tokens, bearer
from core.http.uploads import Upload

__all__ = [
    "API_KEY",
    "CALLER_LABEL",
    "CLIENT_ADDRESS",
    "CSV",
    "SORT",
    "XLSX",
    "Answer",
    "Api",
    "Authenticate",
    "Bearer",
    "Body",
    "Caller",
    "Claims",
    "Count",
    "Cut",
    "Day",
    "Edge",
    "EventStream",
    "Fen",
    "Id",
    "IdempotencyKey",
    "Instant",
    "InvalidCursor",
    "Issued",
    "JsonLines",
    "Key",
    "Limits",
    "Link",
    "Moment",
    "Name",
    "No",
    "Page",
    "PageQuery",
    "Paragraphs",
    "PositiveFen",
    "Query",
    "Rate",
    "RateLimiter",
    "Route",
    "ServerEvent",
    "SignedFen",
    "SortedQuery",
    "Text",
    "Token",
    "Tokens",
    "Upload",
    "bearer",
    "build",
    "cut",
    "cut_sorted",
    "delete",
    "download",
    "get",
    "masked",
    "openapi",
    "patch",
    "post",
    "put",
    "root",
    "user_agent",
]
