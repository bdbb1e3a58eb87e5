"""What happens to somebody's account while they, or another, are signing in as them."""

import asyncio

import pytest

from core import db as database
from members import (
    operator_sign_in,
    operators,
    passkeys,
    passwords,
    second_factors,
    sign_in_attempts,
    sign_in_challenges,
    sign_in_rules,
    staff,
)
from tests.members.authenticator import Authenticator
from tests.members.second_steps import OFFICE, PASSWORD, App, enrolled, half, hired, on_duty

OVER = sign_in_challenges.SignInOver
ANOTHER = "quite another sentence"


@pytest.fixture
def meanwhile(monkeypatch):
    """Something happens once a password was found right, and before anything follows from it."""

    def meanwhile(happens):
        right = passwords.is_right

        async def is_right(hashed, password):
            good = await right(hashed, password)
            monkeypatch.setattr(passwords, "is_right", right)
            await happens()
            return good

        monkeypatch.setattr(passwords, "is_right", is_right)

    return meanwhile


async def sessions_open():
    return await database.fetchval("SELECT count(*) FROM operator_session WHERE ended_at IS NULL")


@pytest.mark.parametrize("happens", ["set anew", "set at the machine", "let go and back"])
async def test_a_password_that_is_set_anew_while_the_old_one_is_looked_at_opens_nothing(
    db, meanwhile, happens
):
    boss = await hired("boss")
    who = await hired()

    async def change():
        if happens == "set anew":
            await staff.change_password(boss.id, who.id, password=ANOTHER)
        elif happens == "set at the machine":
            await operators.create(login="chen", name="陈店长", password=ANOTHER)
        else:
            await staff.disable(boss.id, who.id)

    meanwhile(change)
    with pytest.raises(OVER):
        await operator_sign_in.sign_in("chen", PASSWORD, origin=OFFICE)
    if happens == "let go and back":
        await staff.enable(boss.id, who.id)
    assert await sessions_open() == 0
    assert (await sign_in_attempts.page(limit=1))[0].outcome == "sign_in_over"


async def test_nor_does_it_ask_for_a_second_factor(db, meanwhile):
    who, _, _ = await enrolled()
    meanwhile(lambda: staff.change_password(who.id, who.id, password=ANOTHER))
    with pytest.raises(OVER):
        await half()
    assert await database.fetchval("SELECT count(*) FROM operator_challenge") == 0


async def test_what_was_half_way_ends_with_a_password_set_at_the_machine_and_with_signing_out_everywhere(db):
    who, _, codes = await enrolled()
    for end in (
        lambda: operators.create(login="chen", name="陈店长", password=PASSWORD),
        lambda: staff.sign_out_everywhere(who.id, who.id),
    ):
        wanted = await half()
        await end()
        with pytest.raises(OVER):
            await operator_sign_in.second(wanted.challenge, codes[0], origin=OFFICE)


async def test_no_session_outlives_a_new_password_whoever_is_first(db):
    who, _, codes = await enrolled()
    for code in codes[:5]:
        wanted = await half()
        await asyncio.gather(
            operator_sign_in.second(wanted.challenge, code, origin=OFFICE),
            staff.change_password(who.id, who.id, password=PASSWORD),
            second_factors.new_recovery_codes((await hired("li")).id),
            return_exceptions=True,
        )
        assert await sessions_open() == 0


async def test_a_recovery_code_is_not_used_up_by_a_session_that_is_over(db):
    who, app, codes = await enrolled()
    session = await operator_sign_in.second((await half()).challenge, app.code(), origin=OFFICE)
    duty = await on_duty(session)
    await staff.sign_out_everywhere(who.id, who.id)
    with pytest.raises(operator_sign_in.SessionOver):
        await operator_sign_in.show_again(duty, session.token, code=codes[0], origin=OFFICE)
    assert (await second_factors.standing(who.id)).recovery_codes_left == 10


SITE = "https://desk.example.com"


@pytest.fixture
def device():
    sign_in_rules.use(sign_in_rules.Rules(public_url=SITE))
    return Authenticator(SITE)


async def test_of_two_first_second_factors_at_once_one_shows_recovery_codes(db, device):
    for _ in range(3):
        who = await hired()
        duty = await on_duty(await operator_sign_in.sign_in("chen", PASSWORD, origin=OFFICE))
        app = App((await second_factors.begin_totp(who.id, "chen")).secret)
        asked = await passkeys.begin(duty, origin=OFFICE)
        made = device.create(asked.options)
        codes, added = await asyncio.gather(
            second_factors.confirm_totp(who.id, app.code()),
            passkeys.add(duty, asked.challenge, made, name="手机", origin=OFFICE),
        )
        assert len(codes) + len(added.recovery_codes) == 10
        assert (await second_factors.standing(who.id)).recovery_codes_left == 10
        await asyncio.gather(
            second_factors.remove_totp(who.id, even_if_last=True),
            passkeys.remove(who.id, added.passkey.id, even_if_last=True),
        )
        assert await second_factors.standing(who.id) == second_factors.Standing(None, 0, 0, None)


async def test_no_more_passkeys_than_there_may_be_however_many_were_asked_for(db, device, monkeypatch):
    monkeypatch.setattr(passkeys, "MOST", 2)
    who = await hired()
    duty = await on_duty(await operator_sign_in.sign_in("chen", PASSWORD, origin=OFFICE))
    asked = [await passkeys.begin(duty, origin=OFFICE) for _ in range(4)]
    made = await asyncio.gather(
        *(
            passkeys.add(
                duty, one.challenge, Authenticator(SITE).create(one.options), name="x", origin=OFFICE
            )
            for one in asked
        ),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in made) == [
        "Added",
        "Added",
        "TooManyPasskeys",
        "TooManyPasskeys",
    ]
    assert len(await passkeys.of_operator(who.id)) == 2
