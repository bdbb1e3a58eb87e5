"""Who somebody is: mini-program sign-in, chat identities, operators."""

import asyncio
from datetime import timedelta

import pytest

from core import clock
from core import db as database
from gateways.wechat.mini_program import Session
from gateways.wechat.official_account import Follower
from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from members import chat, customers, duties, operator_sign_in, operators, sign_in, sign_in_rules, staff

MINI, OFFICIAL = "wx-mini", "wx-official"


class Platform:
    """Knows one person; the real wire is tested with the sandbox."""

    def __init__(self, openid="o-mini", unionid="u-1", error=None):
        self.session, self.error = Session(openid=openid, unionid=unionid, session_key="k"), error

    async def code_to_session(self, code):
        if self.error:
            raise self.error
        return self.session

    async def user(self, openid):
        if self.error:
            raise self.error
        return Follower(openid=openid, unionid=self.session.unionid, subscribed=True)


async def test_a_new_person_becomes_a_customer_with_an_empty_account_once(db):
    first = await sign_in.by_mini_program(Platform(), MINI, "code")
    again = await sign_in.by_mini_program(Platform(), MINI, "code2")
    assert (first.is_new, again.is_new) == (True, False)
    assert first.customer.id == again.customer.id
    assert await sign_in.openid_of(first.customer.id, MINI) == "o-mini"


async def test_many_first_sign_ins_at_once_make_one_customer(db):
    made = await asyncio.gather(*(sign_in.by_mini_program(Platform(), MINI, f"c{n}") for n in range(8)))
    assert len({one.customer.id for one in made}) == 1
    assert await database.fetchval("SELECT count(*) FROM customer") == 1


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (PlatformRefused(40029, "invalid code"), sign_in.LoginCodeRefused),
        (PlatformUnknown("time-out"), sign_in.WeChatUnavailable),
    ],
)
async def test_what_wechat_does_not_vouch_for_is_refused(db, error, refusal):
    with pytest.raises(refusal):
        await sign_in.by_mini_program(Platform(error=error), MINI, "code")
    assert await database.fetchval("SELECT count(*) FROM customer") == 0


async def test_a_blocked_customer_does_not_get_in(db):
    made = await sign_in.by_mini_program(Platform(), MINI, "code")
    await database.execute("UPDATE customer SET state = 'blocked'")
    with pytest.raises(customers.CustomerBlocked):
        await sign_in.by_mini_program(Platform(), MINI, "code")
    assert made.is_new


async def test_a_follower_is_tied_to_the_customer_by_the_clock(db):
    made = await sign_in.by_mini_program(Platform(), MINI, "code")
    assert await chat.customer_of(OFFICIAL, "o-official") is None
    assert await chat.look_up(Platform(), OFFICIAL) == 1
    assert await chat.customer_of(OFFICIAL, "o-official") == made.customer.id
    assert await chat.look_up(Platform(), OFFICIAL) == 0


async def test_a_follower_who_signs_in_later_is_tied_at_once(db):
    await chat.met(OFFICIAL, "o-official", follows=True)
    await chat.look_up(Platform(), OFFICIAL)
    made = await sign_in.by_mini_program(Platform(), MINI, "code")
    assert await chat.customer_of(OFFICIAL, "o-official") == made.customer.id


async def test_a_failed_look_up_is_repeated(db):
    await chat.met(OFFICIAL, "o-official", follows=True)
    await chat.look_up(Platform(error=PlatformUnknown("time-out")), OFFICIAL)
    assert await chat.look_up(Platform(), OFFICIAL) == 0, "not at once"
    clock.set_offset(timedelta(minutes=2))
    assert await chat.look_up(Platform(), OFFICIAL) == 1


async def test_somebody_elses_openid_is_somebody_else(db):
    one = await sign_in.by_mini_program(Platform(), MINI, "c")
    other = await sign_in.by_mini_program(Platform(openid="o-2", unionid="u-2"), MINI, "c")
    nobody = await sign_in.by_mini_program(Platform(openid="o-3", unionid=None), MINI, "c")
    assert len({one.customer.id, other.customer.id, nobody.customer.id}) == 3


async def test_operators_sign_in_with_their_password_only_and_sessions_end(db):
    await operators.create(login="chen", name="陈", password="correct horse")
    for login, password in (("chen", "wrong horse"), ("nobody", "correct horse")):
        with pytest.raises(operator_sign_in.WrongLogin):
            await operator_sign_in.sign_in(login, password)
    session = await operator_sign_in.sign_in("chen", "correct horse")
    assert (await operators.of_token(session.token)).name == "陈"
    assert await operators.of_token("made up") is None
    await operator_sign_in.sign_out(await operators.of_token(session.token))
    assert await operators.of_token(session.token) is None
    late = await operator_sign_in.sign_in("chen", "correct horse")
    clock.set_offset(sign_in_rules.Rules().session_lifetime + timedelta(minutes=1))
    assert await operators.of_token(late.token) is None
    with pytest.raises(operators.PasswordTooShort):
        await operators.create(login="x", name="x", password="short")


async def test_posts_are_in_stores_that_there_are_and_an_owner_is_one_of_the_whole_shop(db):
    for post in (duties.Post("owner", "xihu"), duties.Post("cashier", "nowhere")):
        with pytest.raises(operators.NoSuchPostStore):
            await operators.create(login="li", name="李", password="correct horse", posts=[post])
    with pytest.raises(operator_sign_in.WrongLogin):
        await operator_sign_in.sign_in("li", "correct horse")
    made = await operators.create(
        login="li", name="李", password="correct horse", posts=[duties.Post("clerk")] * 2
    )
    await operators.create(login="li", name="李", password="another horse")
    assert (await staff.get(made.id)).posts == (duties.Post("clerk"),), "left as they were"


async def test_customers_are_found_by_name_and_percent_is_a_plain_character(db):
    for name in ("林一", "林二", "100%"):
        await customers.create(name=name)
    assert [one.name for one in await customers.page(query="林")] == ["林二", "林一"]
    assert [one.name for one in await customers.page(query="%")] == ["100%"]
    with pytest.raises(customers.ThresholdOutOfRange):
        await customers.set_threshold(1, -1)
