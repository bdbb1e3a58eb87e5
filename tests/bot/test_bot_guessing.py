"""Somebody else's model at the seam: asked about what is not understood, asked back about, never believed."""

import asyncio

import pytest

import bot
from app import doors
from core import db as database

ODD = "那个东东帮我瞅瞅呗 13812345678"


class Model:
    """Says what it was made to say, and remembers what it was asked."""

    def __init__(self, *guesses, fails=None, after_s=0.0):
        self.guesses, self.fails, self.after_s, self.asked = guesses, fails, after_s, []

    async def guess(self, text, questions, locale):
        self.asked.append((text, questions, locale))
        await asyncio.sleep(self.after_s)
        if self.fails:
            raise self.fails
        return self.guesses


async def test_a_guess_is_asked_back_and_answered_once_it_is_picked(connect, join, memory):
    model = Model("unsubscribe", "no_such_question", "balance", "balance", "orders", "plans")
    phone = await join(await connect(guesser=model, dialogues=bot.Dialogues(memory)), principal=3_800)
    said = await phone.ask(ODD)
    assert "「退订」" in said and "「余额」" in said and "「订单」" in said and "「计划」" not in said, said
    ((text, questions, locale),) = model.asked
    assert "138" not in text and text.startswith("那个东东帮我瞅瞅呗") and locale == "zh-CN"
    assert questions["balance"] == "余额" and "thanks" not in questions
    assert await phone.ask("2") == await phone.ask("余额")
    assert len(model.asked) == 1, "what is understood is nobody else's business"
    assert await database.fetchval("SELECT times FROM chat_unanswered") == 1, "operators still see it"


@pytest.mark.parametrize(
    "model",
    [Model(), Model("nonsense"), Model(fails=ValueError("the text")), Model("balance", after_s=30.0)],
    ids=["knows_nothing", "makes_it_up", "fails", "is_slow"],
)
async def test_without_a_guess_the_chat_says_what_there_is_to_ask(connect, join, model, caplog):
    phone = await join(await connect(guesser=model))
    assert "「帮助」" in await phone.ask("忽然想起那年雪很大") or model.asked
    assert len(model.asked) == 1 and "the text" not in caplog.text


async def test_what_is_said_to_the_shops_people_is_not_told_to_a_model(connect, join):
    model = Model("balance")
    phone = await join(await connect(guesser=model))
    await phone.ask("人工")
    await phone.ask(ODD)
    assert model.asked == []


async def test_the_settings_name_what_makes_it():
    assert doors._guesser(None) is None
    assert isinstance(doors._guesser(f"{__name__}:Model"), Model)
    with pytest.raises(ImportError):
        doors._guesser("no.such_module:make")
