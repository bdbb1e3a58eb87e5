"""QR codes that say where they hang, and who came by them."""

from typing import Annotated

from pydantic import Field

from admin_api.chat_words import Store
from admin_api.services import Operator, Services
from core import http as kit
from members import chat_visits, customers
from shop import chat_scenes

Welcome = Annotated[
    kit.Paragraphs,
    Field(
        max_length=800,
        description="扫码后的欢迎语，空则用通用的；可用的占位符同关键词回复 · said to who scans it; empty: what all are told",
        examples=["欢迎来到{store}，{hours_today} 营业"],
    ),
]
Title = Annotated[kit.Name, Field(max_length=60, examples=["西湖店 3 号桌"])]


class SceneText(kit.Body):
    title: Title
    welcome_zh: Welcome = ""
    welcome_en: Welcome = ""


class NewScene(SceneText):
    days: Annotated[
        int | None,
        Field(
            ge=1,
            le=chat_scenes.LONGEST_DAYS,
            description="临时码的天数，null 为永久 · of a temporary one; null: for ever",
        ),
    ] = None
    store: Store = None
    table_no: Annotated[kit.Text, Field(max_length=20)] = ""
    operator_id: Annotated[
        kit.Id | None, Field(description="记在哪位员工名下 · whose customers follow by it")
    ] = None


class Scene(kit.Answer):
    id: int
    scene: str
    title: str
    days: int | None
    store: str | None
    table_no: str
    operator_id: int | None
    welcome_zh: str
    welcome_en: str
    state: Annotated[
        str, Field(description="asking 申请中，ready 可用，refused 平台拒绝 · asked for, there, refused")
    ]
    ticket: str | None
    url: Annotated[str | None, Field(description="二维码的内容 · what the code says")]
    picture_url: Annotated[str | None, Field(description="二维码图片 · the picture to be printed")]
    expires_at: kit.Instant | None
    errcode: Annotated[int | None, Field(description="平台的错误码 · the platform's code")]
    saved_by: str
    saved_at: kit.Instant
    created_at: kit.Instant
    scans: int
    people: Annotated[int, Field(description="扫码人数，已注销的不计 · people, without those forgotten")]
    followed: Annotated[int, Field(description="由此关注的次数 · followed by it")]
    customers: Annotated[int, Field(description="其中的顾客数 · of them, customers")]


class ScenesQuery(kit.PageQuery):
    store: Store = None
    operator_id: kit.Id | None = None


class Visit(kit.Answer):
    scene_id: int
    title: str
    store: str | None
    table_no: str
    operator_id: int | None
    is_follow: bool
    at: kit.Instant


class Origin(kit.Answer):
    first: Annotated[Visit | None, Field(description="最初由哪个码来 · the code they first came by")]
    last: Annotated[Visit | None, Field(description="最近一次扫的码 · the last one")]


async def listing(query: ScenesQuery) -> object:
    """The newest first."""
    rows = await chat_scenes.page(
        store=query.store, operator_id=query.operator_id, before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)


async def add(body: NewScene, caller: Operator, services: Services, key: kit.IdempotencyKey) -> object:
    """A new code, asked for at once."""
    wish = chat_scenes.Wish(**body.model_dump())
    return await chat_scenes.make(services.scene_codes, services.menus.app_id, caller.id, wish, key=key)


async def one(scene_id: kit.Id) -> object:
    """One code."""
    return await chat_scenes.get(scene_id)


async def change(scene_id: kit.Id, body: SceneText, caller: Operator) -> object:
    """What it is called and says."""
    return await chat_scenes.change(caller.id, scene_id, body.title, body.welcome_zh, body.welcome_en)


async def renew(scene_id: kit.Id, caller: Operator, services: Services) -> object:
    """Another time for a temporary one, another try for one that was refused."""
    return await chat_scenes.make_again(services.scene_codes, services.menus.app_id, caller.id, scene_id)


async def origin(customer_id: kit.Id) -> Origin:
    """The codes a customer came by."""
    first, last = await chat_visits.origin((await customers.get(customer_id)).id)
    return Origin.model_validate({"first": first, "last": last}, from_attributes=True)
