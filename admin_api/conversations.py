"""Chats that the shop's people have taken over: who waits, what was said, taking, answering, handing on, closing."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from admin_api import live
from admin_api.customers import Balance
from admin_api.services import Operator, Services
from billing import statements
from core import http as kit
from members import customers, duties, people_desk, people_shown

SEE: Final[duties.Duty] = "chats.see"
ANSWER: Final[duties.Duty] = "chats.answer"
Said = Annotated[kit.Paragraphs, Field(min_length=1, max_length=680)]
KEPT_THERE: Any = Field(
    exclude=True, description="只存在会话里，不进操作记录 · kept there only, not among what operators did"
)
Store = Annotated[kit.No, Field(max_length=20)]


class ConversationsQuery(kit.PageQuery):
    state: Annotated[
        Literal["waiting", "with_operator", "closed"] | None,
        Field(description="不填为未结束的 · left out: those that are not closed"),
    ] = None
    mine: Annotated[bool, Field(description="只看我接待的 · only those I have or had")] = False
    unanswered: Annotated[
        bool, Field(description="已结束的里只看没人回复的 · of the closed ones those that nobody answered")
    ] = False


class Conversation(kit.Answer):
    id: int
    provider: Annotated[str, Field(examples=["official_account", "mini_program"])]
    customer_id: int | None
    customer_name: str | None
    store: Annotated[str | None, Field(description="由哪家门店接待，null 为总店 · null: the whole shop")]
    state: people_shown.State
    operator_id: int | None
    operator_name: str | None
    reason: Annotated[str, Field(examples=["asked", "complaint", "operator"])]
    locale: str
    unanswered_since: kit.Instant | None
    last_customer_at: kit.Instant | None
    opened_at: kit.Instant
    closed_at: kit.Instant | None
    closed_by: Annotated[str | None, Field(examples=["operator", "customer", "clock", "leaving"])]
    writable_until: Annotated[
        kit.Instant | None,
        Field(description="微信允许回复到何时 · when the platform takes no more messages, as far as we know"),
    ]
    replies_left: Annotated[
        int,
        Field(description="顾客再说话之前最多还能发几条 · at most so many until the customer writes again"),
    ]
    last_message_id: int | None


class ChatCustomer(kit.Answer):
    id: int
    name: str
    state: str
    tier: str | None
    is_named: bool
    balance: Balance


class WholeConversation(Conversation):
    context: Annotated[
        dict[str, Any], Field(description="机器人之前听懂了什么 · what the bot had understood before")
    ]
    customer: Annotated[
        ChatCustomer | None, Field(description="null：还不知道是谁，或无权查看 · unknown, or not to be seen")
    ]


class ChatMessage(kit.Answer):
    id: int
    author: Annotated[str, Field(examples=["customer", "operator", "system"])]
    operator_id: int | None
    operator_name: str | None
    kind: Annotated[str, Field(examples=["text", "image"])]
    text: str
    media_id: str | None
    picture_url: str | None
    delivery: Annotated[
        str | None,
        Field(
            description="queued 待发，sending 发送中，sent 已发，refused 被拒，unknown 可能已送达；顾客的话为 null · of what went out",
            examples=["sent"],
        ),
    ]
    reason: Annotated[
        str | None,
        Field(
            description="被拒的原因：window_over 超过48小时，quota_used 条数用完，not_reachable，not_allowed，given_up，gone，refused · why it was refused",
            examples=["window_over"],
        ),
    ]
    code: str | None
    created_at: kit.Instant


class ColleaguesQuery(kit.Query):
    store: Annotated[
        Store | None, Field(description="不填为总店的会话 · left out: those of the whole shop")
    ] = None


class Colleague(kit.Answer):
    id: int
    name: str
    conversations: Annotated[int, Field(description="正在接待几个 · how many they have now")]


class Reply(kit.Body):
    text: Annotated[Said | None, KEPT_THERE] = None
    canned_id: Annotated[kit.Id | None, Field(description="用常用语 · a canned answer instead")] = None


class Handing(kit.Body):
    operator_id: Annotated[
        kit.Id | None, Field(description="转给谁；不填则放回等待 · left out: it waits again")
    ] = None
    store: Annotated[
        Store | None, Field(description="放回哪家门店，null 为总店 · where it waits; null: the whole shop")
    ] = None


class ConversationClosing(kit.Body):
    last_message_id: Annotated[
        kit.Id,
        Field(
            description="看到的最后一条；之后顾客又说话则不结束 · the last one seen; not closed if the customer wrote after it"
        ),
    ]


class NewConversation(kit.Body):
    store: Store | None = None


async def listing(query: ConversationsQuery, caller: Operator) -> object:
    """Who waits first."""
    within, mine = caller.stores(SEE), caller.id if query.mine else None
    if query.state == "closed":
        rows = await people_shown.closed(
            within=within, operator_id=mine, unanswered=query.unanswered, before=query.after(int), limit=query.limit + 1
        )  # fmt: skip
        return kit.cut(rows, query, lambda row: row.id)
    rows = await people_shown.page(
        within=within, state=query.state, operator_id=mine, after=query.after(tuple[str, int]), limit=query.limit + 1
    )  # fmt: skip
    return kit.cut(rows, query, lambda row: (row.state, row.id))


async def of_customer(customer_id: int, query: kit.PageQuery, caller: Operator) -> object:
    """One customer's, the newest first."""
    found = await customers.get(customer_id)
    rows = await people_shown.of_customer(
        found.id, within=caller.stores(SEE), before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)


async def one(conversation_id: kit.Id, caller: Operator) -> WholeConversation:
    """One with whose it is."""
    return await _whole(conversation_id, caller)


async def messages(conversation_id: kit.Id, query: kit.PageQuery, caller: Operator) -> object:
    """What was said, the latest first."""
    rows = await people_shown.messages(
        conversation_id, within=caller.stores(SEE), before=query.after(int), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)


async def events(
    query: live.EventsQuery, caller: Operator, services: Services, request: live.Request
) -> object:
    """What happens, as it does."""
    return await live.answer(query, caller, services, request, SEE)


async def colleagues(query: ColleaguesQuery) -> kit.Page[Colleague]:
    """Whom one may hand a conversation of a store to."""
    found = await people_desk.colleagues(query.store)
    return kit.Page[Colleague](items=[Colleague.model_validate(one) for one in found])


async def open_for(
    customer_id: kit.Id, body: NewConversation, caller: Operator, key: kit.IdempotencyKey
) -> WholeConversation:
    """Takes over a customer's chat."""
    caller.refuse_other_store(ANSWER, body.store)
    opened = await people_desk.open_for(
        caller.id, customer_id, store=body.store, within=caller.stores(ANSWER), key=key
    )
    return await _whole(opened.id, caller)


async def take(conversation_id: kit.Id, caller: Operator) -> WholeConversation:
    """Takes one that waits."""
    await people_desk.take(caller.id, conversation_id, within=caller.stores(ANSWER))
    return await _whole(conversation_id, caller)


async def reply(
    conversation_id: kit.Id, body: Reply, caller: Operator, services: Services, key: kit.IdempotencyKey
) -> object:
    """Answers the customer."""
    within = caller.stores(ANSWER)
    number = await people_desk.reply(
        caller.id, conversation_id, text=body.text, canned_id=body.canned_id, shop=services.shop_name, within=within, key=key
    )  # fmt: skip
    return await people_shown.message(conversation_id, number, within=within)


async def hand(conversation_id: kit.Id, body: Handing, caller: Operator) -> None:
    """Hands it to somebody else."""
    await people_desk.hand(
        caller.id, conversation_id, to_operator=body.operator_id, to_store=body.store, within=caller.stores(ANSWER)
    )  # fmt: skip


async def close(conversation_id: kit.Id, body: ConversationClosing, caller: Operator) -> None:
    """Gives the chat back to the bot."""
    await people_desk.close(
        caller.id, conversation_id, seen=body.last_message_id, within=caller.stores(ANSWER)
    )


async def _whole(conversation_id: int, caller: Operator) -> WholeConversation:
    found = await people_shown.get(conversation_id, within=caller.stores(SEE))
    shown = Conversation.model_validate(found)
    customer = None
    if found.customer_id is not None and caller.may("customers.see"):
        known = await customers.get(found.customer_id)
        balance = Balance.model_validate(await statements.balance(known.id))
        customer = ChatCustomer(
            id=known.id, name=known.name, state=known.state, tier=known.tier, is_named=known.is_named, balance=balance
        )  # fmt: skip
    return WholeConversation(**shown.model_dump(), context=dict(found.context), customer=customer)
