"""What operators teach the chat."""

from admin_api import chat_words, opening_hours
from admin_api.routes.caller import OPERATOR
from core import http as kit
from shop import chat_answers, chat_synonyms, chat_trial, chat_unanswered
from shop import opening_hours as shop_opening_hours

_WORD = (
    chat_trial.NoSuchConcept,
    chat_trial.SynonymNotAWord,
    chat_trial.SynonymMeansSomething,
)
_SYNONYM = (*_WORD, chat_synonyms.SynonymTaken, chat_synonyms.NoSuchStore)
_ANSWER = (
    chat_answers.KeywordWrong,
    chat_answers.KeywordIsAsked,
    chat_answers.KeywordTaken,
    chat_answers.AnswerPeriodWrong,
    chat_answers.TextUnfillable,
    chat_answers.TextTooLong,
    chat_answers.NoSuchStore,
)
_HOURS = (shop_opening_hours.HoursWrong, shop_opening_hours.NoSuchStore)

ROUTES = (
    kit.get(
        "/chat/concepts",
        chat_words.concepts,
        summary=("聊天里词的含义", "What words in chats can stand for"),
        answer=kit.Page[chat_words.ConceptRow],
        auth=OPERATOR,
    ),
    kit.get(
        "/chat/synonyms",
        chat_words.synonyms,
        summary=("同义词", "Synonyms"),
        answer=kit.Page[chat_words.Synonym],
        auth=OPERATOR,
    ),
    kit.post(
        "/chat/synonyms",
        chat_words.add_synonym,
        summary=("教一个同义词", "Teach the chat a word"),
        description=("几秒内各进程生效。", "Every process reads it so within seconds."),
        status=201,
        answer=chat_words.Synonym,
        refusals=(
            *_SYNONYM,
            chat_synonyms.TooManySynonyms,
            chat_synonyms.NoSuchUnanswered,
            chat_synonyms.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.put(
        "/chat/synonyms/{synonym_id}",
        chat_words.change_synonym,
        summary=("修改同义词", "Change a synonym"),
        answer=chat_words.Synonym,
        refusals=(*_SYNONYM, chat_synonyms.NoSuchSynonym),
        auth=OPERATOR,
    ),
    kit.delete(
        "/chat/synonyms/{synonym_id}",
        chat_words.remove_synonym,
        summary=("删除同义词", "Remove a synonym"),
        refusals=(chat_synonyms.NoSuchSynonym,),
        auth=OPERATOR,
    ),
    kit.post(
        "/chat/explanations",
        chat_words.explain,
        summary=("这句话会怎么理解", "How a text is understood"),
        description=(
            "意图、参数、把握、其他可能，以及依据；可以带上还没保存的同义词试试。",
            "Intent, slots, how sure that is, what else it might be, and why; with words that are not saved yet, to try them.",
        ),
        answer=chat_words.Explanation,
        refusals=_WORD,
        auth=OPERATOR,
    ),
    kit.get(
        "/chat/answers",
        chat_words.answers,
        summary=("关键词回复", "Keyword answers"),
        answer=kit.Page[chat_words.KeywordAnswer],
        auth=OPERATOR,
    ),
    kit.post(
        "/chat/answers",
        chat_words.add_answer,
        summary=("新增关键词回复", "Add a keyword answer"),
        status=201,
        answer=chat_words.KeywordAnswer,
        refusals=(
            *_ANSWER,
            chat_answers.TooManyAnswers,
            chat_answers.NoSuchUnanswered,
            chat_answers.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.put(
        "/chat/answers/{answer_id}",
        chat_words.change_answer,
        summary=("修改关键词回复", "Change a keyword answer"),
        answer=chat_words.KeywordAnswer,
        refusals=(*_ANSWER, chat_answers.NoSuchAnswer),
        auth=OPERATOR,
    ),
    kit.delete(
        "/chat/answers/{answer_id}",
        chat_words.remove_answer,
        summary=("删除关键词回复", "Remove a keyword answer"),
        refusals=(chat_answers.NoSuchAnswer,),
        auth=OPERATOR,
    ),
    kit.get(
        "/chat/unanswered",
        chat_words.unanswered,
        summary=("未识别的问题", "Questions that were not understood"),
        description=(
            "按次数、最近时间排列；90 天没再出现就忘掉。",
            "By how often and how lately they came; what does not come for 90 days is forgotten.",
        ),
        answer=kit.Page[chat_words.Unanswered],
        auth=OPERATOR,
    ),
    kit.post(
        "/chat/unanswered/{unanswered_id}/dismiss",
        chat_words.dismiss,
        summary=("不再提示", "Do not show it any more"),
        answer=chat_words.Unanswered,
        refusals=(chat_unanswered.NoSuchUnanswered,),
        auth=OPERATOR,
    ),
    kit.get(
        "/opening-hours",
        opening_hours.of_shop,
        summary=("全店营业时间", "The shop's opening hours"),
        answer=opening_hours.Hours,
        refusals=(shop_opening_hours.NoOpeningHours,),
        auth=OPERATOR,
    ),
    kit.put(
        "/opening-hours",
        opening_hours.put_of_shop,
        summary=("设置全店营业时间", "Set the shop's opening hours"),
        answer=opening_hours.Hours,
        refusals=(shop_opening_hours.HoursWrong,),
        auth=OPERATOR,
    ),
    kit.delete(
        "/opening-hours",
        opening_hours.remove_of_shop,
        summary=("删除全店营业时间", "Remove the shop's opening hours"),
        auth=OPERATOR,
    ),
    kit.get(
        "/stores/{code}/opening-hours",
        opening_hours.of_store,
        summary=("门店营业时间", "A store's opening hours"),
        answer=opening_hours.Hours,
        refusals=(shop_opening_hours.NoOpeningHours, shop_opening_hours.NoSuchStore),
        auth=OPERATOR,
    ),
    kit.put(
        "/stores/{code}/opening-hours",
        opening_hours.put_of_store,
        summary=("设置门店营业时间", "Set a store's opening hours"),
        answer=opening_hours.Hours,
        refusals=_HOURS,
        auth=OPERATOR,
    ),
    kit.delete(
        "/stores/{code}/opening-hours",
        opening_hours.remove_of_store,
        summary=("删除门店营业时间", "Remove a store's opening hours"),
        refusals=(shop_opening_hours.NoSuchStore,),
        auth=OPERATOR,
    ),
)
