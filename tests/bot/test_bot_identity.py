"""Whose chat it is: codes both ways, who guesses, who comes late, who has gone; letting go."""

import asyncio
import re
from datetime import timedelta

import pytest

from core import clock, errors
from core import db as database
from ledger import idempotency
from members import chat, chat_codes, chat_ties, customers, sign_in
from tests import factories

REFUSED = "绑定码不对或已失效，请重新获取"
OFTEN = "绑定码输错次数太多，请过一段时间再试"
TAKEN = "这个聊天已经绑定了账户"


@pytest.fixture
async def bot_(connect):
    return await connect("plain")


async def code_for(customer, **more):
    return (await chat_codes.for_customer(customer.id, key=factories.key(), **more)).code


async def owner_of(phone):
    return await database.fetchval(
        "SELECT customer_id FROM identity WHERE subject = $1", phone.person.official_openid
    )


def later(bot_, **time):
    step = timedelta(**time)
    bot_.platform.world.clock.advance(step.total_seconds())
    clock.set_offset(clock.offset() + step)


async def state_of(customer, state):
    await database.execute("UPDATE customer SET state = $2 WHERE id = $1", customer.id, state)


async def test_a_code_of_the_mini_program_ties_the_chat_that_types_it_once(bot_, arrive):
    customer, phone, other = await factories.customer(), await arrive(bot_), await arrive(bot_)
    assert (await phone.ask("余额")).startswith("暂时还没认出您")
    key = factories.key()
    given = await chat_codes.for_customer(customer.id, key=key)
    assert re.fullmatch(r"\d{8}", given.code) and given == await chat_codes.for_customer(customer.id, key=key)
    kept = await database.fetch("SELECT salt, code_hash FROM chat_code")
    assert given.code not in str([tuple(row) for row in kept])
    assert (await phone.ask(f"绑定 {given.code}")).startswith("绑定成功")
    assert await owner_of(phone) == customer.id
    assert (await phone.ask("余额")).startswith("可用余额")
    assert await other.ask(f"绑定 {given.code}") == REFUSED, "it was used"
    assert (await phone.ask(f"绑定{given.code}")).startswith(TAKEN) and await owner_of(other) is None
    assert (await phone.ask(given.code)).startswith("抱歉，没有看懂"), "of who is known digits are no code"
    assert await factories.told(customer.id, "chat_tied") == 1
    said = [row[0] for row in await database.fetch("SELECT content FROM chat_message WHERE kind = 'text'")]
    assert "绑定 ********" in said and not any(given.code in text for text in said)
    (tied,) = await chat_ties.of(customer.id)
    assert (tied.tied_by, tied.follows, tied.openid) == (
        "code",
        True,
        f"****{phone.person.official_openid[-4:]}",
    )


async def test_bare_codes_wide_digits_and_english_are_read_and_numbers_of_other_things_are_not(bot_, arrive):
    for said in ("{}", " {}。", "bind {}", "綁定：{}", "bind code {}"):
        customer, phone = await factories.customer(), await arrive(bot_)
        code = await code_for(customer)
        wide = said.format(f"{code[:4]} {code[4:]}" if "綁" in said else code)
        if said == "{}":
            wide = wide.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})
        answer = await phone.ask(wide)
        assert answer.startswith("Done" if "bind" in said else "绑定成功"), (said, answer)
        assert await owner_of(phone) == customer.id
    stranger = await arrive(bot_)
    for said in ("1234", "暂停计划 12345678", "确认付款 1234 12.50", "12345678901234", "充 12345678"):
        await stranger.ask(said)
    assert await database.fetchval("SELECT count(*) FROM chat_code_try") == 0
    assert "不能证明是您本人" in await stranger.ask("我的手机号是 138 0013 8000")


async def test_a_code_of_the_chat_is_entered_in_the_mini_program(bot_, arrive):
    customer, phone = await factories.customer(), await arrive(bot_)
    first = re.search(r"\d{8}", await phone.ask("绑定"))[0]
    second = re.search(r"\d{8}", await phone.ask("bind"))[0]
    with pytest.raises(chat_codes.ChatCodeRefused):
        await chat_codes.enter_in_mini_program(customer.id, first, key=factories.key())
    key = factories.key()
    await chat_codes.enter_in_mini_program(customer.id, second, key=key)
    await chat_codes.enter_in_mini_program(customer.id, second, key=key)
    assert await owner_of(phone) == customer.id and await factories.told(customer.id, "chat_tied") == 1
    with pytest.raises(idempotency.KeyReused):
        await chat_codes.enter_in_mini_program(customer.id, first, key=key)
    with pytest.raises(chat_codes.ChatCodeRefused):
        await chat_codes.enter_in_mini_program(customer.id, second, key=factories.key())
    assert (await phone.ask("绑定")).startswith(TAKEN)
    assert await database.fetchval("SELECT count(*) FROM chat_code_try") == 2


async def test_who_guesses_is_stopped_and_learns_nothing(bot_, arrive):
    """Wrong, over, replaced, used, of somebody who is not served: one answer; and a right one does not help after too many."""
    phone, customer = await arrive(bot_), await factories.customer()
    old = await code_for(customer)
    code = await code_for(customer)
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    blocked = await factories.customer()
    of_blocked = await code_for(blocked)
    await state_of(blocked, "blocked")
    for said in (wrong, old, of_blocked, "绑定 1234"):
        assert await phone.ask(said) == REFUSED
    later(bot_, minutes=10, seconds=1)
    assert await phone.ask(code) == REFUSED, "it is over"
    fresh = await code_for(customer)
    assert await phone.ask(fresh) == OFTEN and await owner_of(phone) is None
    later(bot_, hours=1)
    fresh = await code_for(customer)
    assert (await phone.ask(fresh)).startswith("绑定成功")


async def test_many_guesses_at_once_are_not_more_than_one_after_the_other(db):
    customer = await factories.customer()
    wrong = [f"{number:08d}" for number in range(12)]
    results = await asyncio.gather(
        *(chat_codes.enter_in_chat("wx", "o-guesser", code) for code in wrong),
        *(chat_codes.enter_in_mini_program(customer.id, code, key=factories.key()) for code in wrong),
        return_exceptions=True,
    )
    for half in (results[:12], results[12:]):
        codes = [type(one).code for one in half]
        assert codes.count("chat_code_refused") == 5 and codes.count("chat_code_tried_too_often") == 7
    await database.execute(
        "INSERT INTO chat_code_try (who, at) SELECT 'chat:wx:' || n, $1 FROM generate_series(1, $2) n",
        clock.now(), chat_codes.TRIES_OF_ALL,
    )  # fmt: skip
    with pytest.raises(chat_codes.ChatCodeTriedTooOften):
        await chat_codes.enter_in_chat("wx", "o-honest", await code_for(customer))
    clock.set_offset(timedelta(days=3))
    assert await chat_codes.forget() > 200


async def test_one_code_in_two_chats_and_two_codes_for_one_chat_at_once_have_one_winner(db):
    customer, other = await factories.customer(), await factories.customer()
    code = await code_for(customer)
    results = await asyncio.gather(
        *(chat_codes.enter_in_chat("wx", f"o-{number}", code) for number in range(6)), return_exceptions=True
    )
    assert [one for one in results if one == customer.id] == [customer.id]
    assert [type(one).code for one in results if one != customer.id] == ["chat_code_refused"] * 5
    told = (await chat_codes.for_chat("wx", "o-stranger")).code
    codes = [await code_for(customer), await code_for(other)]
    results = await asyncio.gather(
        *(chat_codes.enter_in_chat("wx", "o-stranger", code) for code in codes),
        *(chat_codes.enter_in_mini_program(one.id, told, key=factories.key()) for one in (customer, other)),
        return_exceptions=True,
    )
    assert all(one is None or isinstance(one, int | errors.DomainError) for one in results), results
    assert sum(not isinstance(one, Exception) for one in results) == 1
    assert await database.fetchval("SELECT count(*) FROM outbox_message WHERE kind = 'chat_tied'") == 2
    with pytest.raises(chat_ties.ChatTaken):
        await chat_codes.for_chat("wx", "o-stranger")


async def test_both_ways_at_once_through_the_chat_end_in_one_tie(bot_, arrive):
    """The chat's message has its identity locked from the beginning; whoever enters the chat's code elsewhere takes it first too."""
    customer, phone = await factories.customer(), await arrive(bot_)
    told = re.search(r"\d{8}", await phone.ask("绑定"))[0]
    code = await code_for(customer)
    results = await asyncio.gather(
        phone.ask(f"绑定 {code}"),
        *(chat_codes.enter_in_mini_program(customer.id, told, key=factories.key()) for _ in range(3)),
        *(code_for(customer) for _ in range(2)),
        return_exceptions=True,
    )
    assert not [
        one for one in results if isinstance(one, Exception) and not isinstance(one, errors.DomainError)
    ], results
    assert await owner_of(phone) == customer.id and await factories.told(customer.id, "chat_tied") == 1


async def test_what_is_somebodys_and_who_has_gone(db):
    customer, other = await factories.customer(), await factories.customer()
    told = (await chat_codes.for_chat("wx", "o-1")).code
    await chat_codes.enter_in_chat("wx", "o-1", await code_for(other))
    with pytest.raises(chat_ties.ChatTaken):
        await chat_codes.enter_in_mini_program(customer.id, told, key=factories.key())
    assert await database.fetchval("SELECT customer_id FROM identity WHERE subject = 'o-1'") == other.id
    for number in range(2, 2 + chat_ties.CHATS_MOST):
        told = (await chat_codes.for_chat("wx", f"o-{number}")).code
        await chat_codes.enter_in_mini_program(customer.id, told, key=factories.key())
    told = (await chat_codes.for_chat("wx", "o-more")).code
    with pytest.raises(chat_ties.TooManyChats):
        await chat_codes.enter_in_mini_program(customer.id, told, key=factories.key())
    for state in ("closing", "closed"):
        code = await code_for(other)
        await state_of(other, state)
        with pytest.raises(chat_codes.ChatCodeRefused):
            await chat_codes.enter_in_chat("wx", f"o-{state}", code)
        for act in (code_for(other), chat_codes.enter_in_mini_program(other.id, told, key=factories.key())):
            with pytest.raises(customers.CustomerHasLeft):
                await act
        await state_of(other, "active")
    for _ in range(2):
        await chat_codes.for_chat("wx", "o-more")
    clock.set_offset(timedelta(minutes=1))
    for act in (chat_codes.for_chat, lambda app, openid: code_for(other)):
        with pytest.raises(chat_codes.ChatCodesTooOften):
            for _ in range(6):
                await act("wx", "o-more")


async def test_letting_go_needs_the_words_and_no_unionid_undoes_it(connect, join, platform):
    bot_ = await connect("safe")
    phone = await join(bot_, principal=1_000)
    means = await phone.ask("解绑")
    assert "确认解绑" in means and await owner_of(phone) == phone.customer_id
    assert (await phone.ask("确认解绑")).startswith("已解绑")
    assert (await phone.ask("余额")).startswith("暂时还没认出您") and await factories.told(
        phone.customer_id, "chat_untied"
    ) == 1
    assert (await phone.ask("确认解绑")).startswith("暂时还没认出您")
    later(bot_, days=2)
    assert await bot_.look_up() == 0
    code = platform.platform.login.new_code(phone.person)
    await sign_in.by_mini_program(bot_.gateways.mini_program, platform.credentials.mini_app_id, code)
    assert await owner_of(phone) is None, "whose unionid it is was known before"
    assert (await phone.ask(await code_for(await customers.get(phone.customer_id)))).startswith("绑定成功")
    assert (await phone.ask("balance")).startswith("Available balance: ¥10.00")


async def test_a_chat_tied_by_a_code_hands_its_account_to_no_unionid(connect, arrive, platform):
    """Who lends their chat to another's account does not sign in to it in the mini-program."""
    bot_ = await connect("plain")
    owner, phone = await factories.customer(), await arrive(bot_)
    await phone.ask(await code_for(owner))
    await chat.met(bot_.app_id, phone.person.official_openid, follows=True)
    await database.execute("UPDATE identity SET union_id = $1, look_up_at = NULL", phone.person.unionid)
    code = platform.platform.login.new_code(phone.person)
    signed_in = await sign_in.by_mini_program(
        bot_.gateways.mini_program, platform.credentials.mini_app_id, code
    )
    assert signed_in.is_new and signed_in.customer.id != owner.id
    assert await owner_of(phone) == owner.id
