"""Messages to customers: what went out, what died, how they read, and what their customers want."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from admin_api.services import Operator
from core import http as kit
from members import birthdays, customers
from notifications import addresses, editing, kinds, letterbox, policy, preferences, wordings

State = Literal["queued", "sent", "dead", "void"]
Kind = Annotated[str, StringConstraints(min_length=1, max_length=30, pattern=r"^[a-z_]+$")]
Pattern = Annotated[
    str, StringConstraints(max_length=10_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")
]
Birthday = Annotated[date, Field(strict=False, ge=date(1900, 1, 1), le=date(2999, 12, 31))]
Minute = Annotated[int, Field(ge=0, le=1439)]


class MessagesQuery(kit.PageQuery):
    state: State | None = None
    customer_id: kit.Id | None = None


class Message(kit.Answer):
    id: int
    customer_id: int
    kind: Annotated[str, Field(examples=["low_balance"])]
    state: Annotated[
        str,
        Field(
            description="queued 待发，sent 已发，dead 发送失败，void 不再发送 · waits, went out, failed, not sent any more"
        ),
    ]
    channel: Annotated[str | None, Field(description="怎样送达的 · how it went out", examples=["subscribe"])]
    reason: Annotated[
        str | None, Field(description="不再发送的原因 · why it is void", examples=["stale", "recovered"])
    ]
    error: Annotated[str | None, Field(description="最近一次的错误 · what went wrong last")]
    attempts: int
    trying: Annotated[
        str | None,
        Field(description="已交给此渠道、结果未知 · given to this channel, its answer is not known"),
    ]
    not_before: kit.Instant | None
    stale_after: kit.Instant | None
    next_attempt_at: kit.Instant | None
    created_at: kit.Instant
    ended_at: kit.Instant | None


class Attempt(kit.Answer):
    channel: str
    result: Annotated[str, Field(examples=["sent", "refused", "later", "unknown", "failed", "replayed"])]
    code: Annotated[str, Field(description="平台的错误码 · the platform's code", examples=["43101"])]
    note: str
    at: kit.Instant


class WholeMessage(kit.Answer):
    message: Message
    params: dict[str, Any]
    attempts: list[Attempt]


class Replayed(kit.Answer):
    replayed: int


class HistoryQuery(kit.PageQuery):
    kind: Kind
    channel: editing.Place
    locale: Literal["zh-CN", "en"]


class Content(kit.Body):
    template_id: kit.Text | None = None
    page: kit.Text | None = None
    fields: Annotated[dict[kit.Text, Pattern], Field(max_length=30)] | None = None
    template_code: kit.Text | None = None
    sign_name: kit.Text | None = None
    params: Annotated[dict[kit.Text, Pattern], Field(max_length=30)] | None = None
    text: Pattern | None = None
    subject: Pattern | None = None
    title: Pattern | None = None
    body: Pattern | None = None


class Wording(kit.Body):
    kind: Kind
    channel: editing.Place
    locale: Literal["zh-CN", "en"]
    content: Annotated[Content | None, Field(description="null 为恢复默认 · null: back to the house's words")]


class Version(kit.Answer):
    kind: str
    channel: str
    locale: str
    version: int
    content: dict[str, Any] | None
    saved_by: str
    saved_at: kit.Instant


class PreviewField(kit.Answer):
    name: str
    text: str
    wrong: Annotated[str | None, Field(description="超出的限制 · the limit it breaks")]


class Preview(kit.Answer):
    fields: list[PreviewField]
    pieces: Annotated[int | None, Field(description="短信条数 · how many short messages")]


class KindOfMessage(kit.Answer):
    kind: str
    kind_class: Annotated[str, Field(examples=["transactional", "reminder", "marketing"])]
    values: Annotated[list[str], Field(description="文案里可以用的值 · what its wordings may name")]
    channels: Annotated[list[str], Field(description="按顺序使用的渠道 · tried in this order")]


class Preferences(kit.Answer):
    reminders: bool
    marketing: Annotated[bool, Field(description="本人同意接收营销消息 · agreed to marketing")]
    channels: list[str] | None
    quiet_from_minute: int | None
    quiet_until_minute: int | None


class Address(kit.Answer):
    channel: str
    address: Annotated[
        str,
        Field(
            validation_alias="masked",
            description="手机号或邮箱，部分隐藏 · phone or e-mail, masked",
            examples=["138****0001"],
        ),
    ]
    refusal: Annotated[
        str | None, Field(description="对方拒收的原因，改后重新使用 · why nothing is sent there")
    ]
    set_by: str
    set_at: kit.Instant
    confirmed_at: Annotated[
        kit.Instant | None,
        Field(
            description="顾客何时验证过；未验证的不发与钱有关的消息 · when the customer confirmed it; until then nothing about money is sent there"
        ),
    ]


class Consent(kit.Answer):
    id: int
    agreed: bool
    wording: str
    door: str
    by: str
    at: kit.Instant


class Reach(kit.Answer):
    preferences: Preferences
    addresses: list[Address]
    birthday: date | None


class Reaching(kit.Body):
    phone: (
        Annotated[
            kit.Text,
            Field(
                max_length=20,
                description="与显示的（部分隐藏）相同则不变 · as it is shown, masked: the same as before",
            ),
        ]
        | None
    )
    email: Annotated[kit.Text, Field(max_length=200, description="同上 · likewise")] | None
    birthday: Birthday | None


class Choosing(kit.Body):
    reminders: bool
    marketing: bool
    channels: Annotated[list[policy.ChannelName], Field(max_length=5)] | None = None
    quiet_from_minute: Minute | None = None
    quiet_until_minute: Minute | None = None
    wording: Annotated[
        kit.Paragraphs,
        Field(
            max_length=300,
            description="顾客同意营销消息时看到的文字 · what the customer was shown when agreeing",
        ),
    ] = ""


async def listing(query: MessagesQuery) -> object:
    """The newest first."""
    rows = await letterbox.page(
        state=query.state, customer_id=query.customer_id, before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(message_id: kit.Id) -> WholeMessage:
    """One message with everything that was tried."""
    message, attempts = await letterbox.one(message_id)
    return WholeMessage(
        message=Message.model_validate(message),
        params=dict(message.params),
        attempts=[Attempt.model_validate(each) for each in attempts],
    )


async def replay(message_id: kit.Id, caller: Operator) -> WholeMessage:
    """One dead message is sent again."""
    await letterbox.replay(message_id, by=caller.label)
    return await one(message_id)


async def replay_dead(caller: Operator) -> Replayed:
    """All dead messages are sent again."""
    return Replayed(replayed=await letterbox.replay_all(by=caller.label))


async def kinds_of_messages() -> kit.Page[KindOfMessage]:
    """What customers are told of, in its class, with what can be said of it."""
    channels = policy.current().channels
    return kit.Page[KindOfMessage](
        items=[
            KindOfMessage(
                kind=kind,
                kind_class=kinds.class_of(kind),
                values=list(editing.values_of(kind)),
                channels=list(channels[kinds.class_of(kind)]),
            )
            for kind in kinds.KINDS
        ]
    )


async def wordings_in_force() -> kit.Page[Version]:
    """The last version of each wording that was saved."""
    return kit.Page[Version](items=[Version.model_validate(one) for one in await wordings.latest()])


async def wording_history(query: HistoryQuery) -> object:
    """The versions of one wording, the newest first."""
    rows = await wordings.history(
        query.kind, query.channel, query.locale, before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.version)


async def preview(body: Wording) -> object:
    """How it would read, and which limits it breaks."""
    return editing.preview(body.kind, body.channel, body.locale, _content(body) or {})


async def save(body: Wording, caller: Operator) -> object:
    """Messages read so from now on."""
    return await editing.save(body.kind, body.channel, body.locale, _content(body), by=caller.label)


async def reach(customer_id: kit.Id) -> Reach:
    """What a customer wants to be told, and where they can be reached."""
    await customers.get(customer_id)
    return await _reach(customer_id)


async def set_reach(customer_id: kit.Id, body: Reaching, caller: Operator) -> Reach:
    """Phone, e-mail and birthday as the customer told them at the counter."""
    await birthdays.reach(
        customer_id, phone=body.phone, email=body.email, born_on=body.birthday, by=caller.label
    )
    return await _reach(customer_id)


async def choose(customer_id: kit.Id, body: Choosing, caller: Operator) -> object:
    """The customer's wishes, told at the counter."""
    await customers.get(customer_id)
    chosen = preferences.Preferences(
        body.reminders, body.marketing, body.channels, body.quiet_from_minute, body.quiet_until_minute
    )
    return await preferences.put(customer_id, chosen, wording=body.wording, door="counter", by=caller.label)


async def consents(customer_id: kit.Id, query: kit.PageQuery) -> object:
    """What a customer said to marketing, the last first."""
    rows = await preferences.consents(customer_id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def _reach(customer_id: int) -> Reach:
    return Reach(
        preferences=Preferences.model_validate(await preferences.of(customer_id)),
        addresses=[Address.model_validate(one) for one in await addresses.of(customer_id)],
        birthday=await birthdays.of(customer_id),
    )


def _content(body: Wording) -> dict[str, Any] | None:
    return None if body.content is None else body.content.model_dump(exclude_none=True)
