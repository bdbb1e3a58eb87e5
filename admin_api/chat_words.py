"""What operators teach the chat: synonyms, keyword answers, what to do about questions it did not understand, and a look at how it reads a text."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from admin_api.services import Operator, Services
from core import http as kit
from shop import chat_answers, chat_synonyms, chat_trial, chat_unanswered

Concept = Annotated[
    str,
    Field(
        min_length=1,
        max_length=20,
        pattern=r"^[A-Z]+$",
        description="含义，见 /chat/concepts · what it stands for, one of /chat/concepts",
        examples=["TOPUP"],
    ),
]
Store = Annotated[
    kit.No | None,
    Field(max_length=20, description="门店代码，null 为全店 · the store's code; null: the shop's"),
]
Text = Annotated[
    kit.Paragraphs,
    Field(
        max_length=1000,
        description="可用 {shop} {store} {today} {hours_today} {hours_tomorrow} {hours}；填好后不超过 2048 字节 · "
        "filled in not more than 2,048 bytes",
        examples=["今天 {hours_today} 营业，停车请走东门。"],
    ),
]
UnansweredId = Annotated[
    kit.Id | None, Field(description="由哪个未识别的问题而来 · the unanswered question this is the end of")
]


class SynonymTerms(kit.Body):
    word: Annotated[kit.Name, Field(max_length=40, examples=["加点米"])]
    concept: Concept
    store: Store = None


class NewSynonym(SynonymTerms):
    unanswered_id: UnansweredId = None


class Synonym(kit.Answer):
    id: int
    word: str
    concept: str
    store: str | None
    saved_by: str
    saved_at: kit.Instant


class SynonymsQuery(kit.PageQuery):
    concept: Concept | None = None


class ConceptRow(kit.Answer):
    concept: str


class Trial(kit.Body):
    text: Annotated[kit.Paragraphs, Field(min_length=1, max_length=500, examples=["加点米一百"])]
    synonyms: Annotated[
        dict[Annotated[str, Field(max_length=40)], Concept],
        Field(max_length=20, description="试用、尚未保存的同义词 · words to be tried that are not saved yet"),
    ] = Field(default_factory=dict)


class Piece(kit.Answer):
    text: str
    concept: Annotated[str | None, Field(description="null：不认识 · null: not known")]
    meant: Annotated[str, Field(description="按哪个词理解（错别字）· the word it is taken for")]


class Candidate(kit.Answer):
    intent: str
    confidence: float
    by: Annotated[str, Field(description="依据的含义 · the concepts that speak for it")]
    left_over: Annotated[str, Field(description="没有用上的字词 · what it does not account for")]


class Explanation(kit.Answer):
    written: Annotated[str, Field(description="统一写法 · in the one way of writing")]
    intent: Annotated[str | None, Field(description="会怎样回答 · what is answered")]
    choices: Annotated[list[str], Field(description="会反问哪几个 · what it asks back about")]
    confidence: float
    locale: str
    slots: dict[str, str]
    pieces: list[Piece]
    candidates: list[Candidate]
    answer_id: Annotated[
        int | None, Field(description="由这条关键词回复回答 · the keyword answer that is given instead")
    ]


class AnswerTerms(kit.Body):
    match: Annotated[
        Literal["exact", "contains"],
        Field(
            description="exact：整句就是关键词，优先；contains：句中有关键词，听不懂时才用 · the whole text, before all else; "
            "or in it, where nothing else was understood"
        ),
    ]
    keywords: Annotated[list[Annotated[kit.Name, Field(max_length=40)]], Field(min_length=1, max_length=20)]
    text_zh: Annotated[Text, Field(min_length=1)]
    text_en: Text = ""
    from_at: kit.Moment | None = None
    until_at: kit.Moment | None = None
    store: Store = None
    place: Annotated[
        int, Field(ge=0, le=10_000, description="顺序，小的在前 · the lowest that fits is given")
    ] = 0
    active: bool = True


class NewAnswer(AnswerTerms):
    unanswered_id: UnansweredId = None


class KeywordAnswer(kit.Answer):
    id: int
    match: str
    keywords: list[str]
    text_zh: str
    text_en: str
    from_at: kit.Instant | None
    until_at: kit.Instant | None
    store: str | None
    place: int
    active: bool
    saved_by: str
    saved_at: kit.Instant


class UnansweredQuery(kit.PageQuery):
    state: Literal["open", "dismissed", "taught"] = "open"


class Unanswered(kit.Answer):
    id: int
    text: Annotated[str, Field(description="号码、网址等已隐去 · without numbers and addresses")]
    times: int
    first_at: kit.Instant
    last_at: kit.Instant
    state: Annotated[
        str, Field(description="open 待处理，dismissed 不再提示，taught 已教 · to be looked at, left, taught")
    ]
    decided_by: str | None
    decided_at: kit.Instant | None


async def concepts(services: Services) -> kit.Page[ConceptRow]:
    """All concepts."""
    found = sorted(services.vocabulary.concepts)
    return kit.Page[ConceptRow](items=[ConceptRow(concept=one) for one in found])


async def synonyms(query: SynonymsQuery) -> object:
    """The newest first."""
    rows = await chat_synonyms.page(concept=query.concept, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def add_synonym(
    body: NewSynonym, caller: Operator, services: Services, key: kit.IdempotencyKey
) -> object:
    """Teaches a word."""
    return await chat_synonyms.add(
        services.vocabulary, caller.id, body.word, body.concept,
        store=body.store, unanswered_id=body.unanswered_id, key=key,
    )  # fmt: skip


async def change_synonym(
    synonym_id: kit.Id, body: SynonymTerms, caller: Operator, services: Services
) -> object:
    """Sets a word."""
    return await chat_synonyms.change(
        services.vocabulary, caller.id, synonym_id, body.word, body.concept, store=body.store
    )


async def remove_synonym(synonym_id: kit.Id) -> None:
    """Forgets a word."""
    await chat_synonyms.remove(synonym_id)


async def explain(body: Trial, services: Services) -> Explanation:
    """How a text is understood now, and with words that are tried."""
    found, given = await chat_trial.look(services.vocabulary, body.text, body.synonyms)
    return Explanation.model_validate(
        {name: getattr(found, name) for name in Explanation.model_fields if name != "answer_id"}
        | {"answer_id": given}
    )


async def answers(query: kit.PageQuery) -> object:
    """In the order they are tried."""
    rows = await chat_answers.page(after=query.after(tuple[int, int]), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: (row.place, row.id))


async def add_answer(
    body: NewAnswer, caller: Operator, services: Services, key: kit.IdempotencyKey
) -> object:
    """A new answer."""
    return await chat_answers.add(
        services.vocabulary, caller.id, _wish(body), unanswered_id=body.unanswered_id, key=key
    )


async def change_answer(answer_id: kit.Id, body: AnswerTerms, caller: Operator, services: Services) -> object:
    """Sets an answer."""
    return await chat_answers.change(services.vocabulary, caller.id, answer_id, _wish(body))


async def remove_answer(answer_id: kit.Id) -> None:
    """Removes an answer."""
    await chat_answers.remove(answer_id)


async def unanswered(query: UnansweredQuery) -> object:
    """What came most often first."""
    rows = await chat_unanswered.ranked(
        state=query.state, after=query.after(tuple[int, datetime, int]), limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: (row.times, row.last_at, row.id))


async def dismiss(unanswered_id: kit.Id, caller: Operator) -> object:
    """It is not shown any more."""
    return await chat_unanswered.dismiss(caller.id, unanswered_id)


def _wish(body: AnswerTerms) -> chat_answers.Wish:
    return chat_answers.Wish(
        match=body.match, keywords=tuple(body.keywords), text_zh=body.text_zh, text_en=body.text_en, from_at=body.from_at,
        until_at=body.until_at, store=body.store, place=body.place, active=body.active,
    )  # fmt: skip
