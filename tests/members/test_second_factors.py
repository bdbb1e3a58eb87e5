"""Signing in by two steps: codes of an app, recovery codes, and what is under way meanwhile."""

import asyncio
from datetime import timedelta

import pytest

from core import clock
from core import db as database
from members import operator_sign_in, operators, second_factors, sign_in_attempts, sign_in_challenges, staff
from tests.members.second_steps import ELSEWHERE, OFFICE, App, enrolled, half, hired, on_duty

WRONG = second_factors.WrongSecondFactor
OVER = sign_in_challenges.SignInOver


@pytest.fixture(autouse=True)
def _the_clock_stands():
    """Codes are of a half minute; these tests do not stand across its end."""
    clock.stand_at(clock.now())


def advance(**time):
    clock.stand_at(clock.now() + timedelta(**time))


async def outcomes():
    return [(one.way, one.outcome) for one in reversed(await sign_in_attempts.page())]


async def test_a_password_is_half_of_it_and_a_code_the_other(db):
    who, app, _ = await enrolled()
    wanted = await half()
    assert wanted.kinds == ("totp", "recovery_code")
    assert await database.fetchval("SELECT count(*) FROM operator_session") == 0
    session = await operator_sign_in.second(wanted.challenge, app.code(), origin=OFFICE)
    assert session.operator.id == who.id and (await on_duty(session)).has_second_factor
    assert await outcomes() == [("password", "half"), ("code", "done")]


async def test_an_app_counts_only_once_it_has_shown_a_code(db):
    who = await hired()
    first = await second_factors.begin_totp(who.id, "chen")
    assert isinstance(
        await operator_sign_in.sign_in("chen", "long enough to be a password"), operator_sign_in.Session
    )
    again = await second_factors.begin_totp(who.id, "chen")
    assert "issuer=" in again.uri and again.secret in again.uri
    with pytest.raises(second_factors.WrongOneTimeCode):
        await second_factors.confirm_totp(who.id, App(first.secret).code())
    codes = await second_factors.confirm_totp(who.id, App(again.secret).code())
    assert len(set(codes)) == second_factors.RECOVERY_CODES
    with pytest.raises(second_factors.TotpInUse):
        await second_factors.begin_totp(who.id, "chen")
    with pytest.raises(second_factors.NoSuchSecondFactor):
        await second_factors.confirm_totp(who.id, App(again.secret).code(1))


async def test_secrets_and_codes_are_not_to_be_read_in_the_database(db):
    _, _, codes = await enrolled()
    secret = second_factors._shown(await database.fetchval("SELECT secret FROM operator_totp"))
    rows = str(await database.fetch("SELECT * FROM operator_totp, operator_recovery_code"))
    assert secret not in rows and not any(code in rows for code in codes)
    assert "secret=" not in repr(await second_factors.begin_totp((await hired("li")).id, "li"))


async def test_a_code_is_taken_once_also_when_it_comes_twice_at_the_same_moment(db):
    _, app, _ = await enrolled()
    challenges = [(await half()).challenge for _ in range(4)]
    said = await asyncio.gather(
        *(operator_sign_in.second(one, app.code(), origin=OFFICE) for one in challenges),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in said) == ["Session", *["WrongSecondFactor"] * 3]
    assert await database.fetchval("SELECT count(*) FROM operator_session") == 1


async def test_a_code_of_before_is_not_taken_after_a_later_one(db):
    _, app, _ = await enrolled()
    await operator_sign_in.second((await half()).challenge, app.code(1), origin=OFFICE)
    for steps in (0, 1, -1):
        with pytest.raises(WRONG):
            await operator_sign_in.second((await half()).challenge, app.code(steps), origin=OFFICE)


async def test_a_code_of_a_clock_that_is_a_minute_wrong_is_not_taken(db):
    _, app, _ = await enrolled()
    for steps in (2, -2):
        with pytest.raises(WRONG):
            await operator_sign_in.second((await half()).challenge, app.code(steps), origin=OFFICE)


async def test_a_recovery_code_is_good_once_also_when_it_comes_twice_at_the_same_moment(db):
    who, _, codes = await enrolled()
    challenges = [(await half()).challenge for _ in range(2)]
    said = await asyncio.gather(
        *(operator_sign_in.second(one, codes[3].upper(), origin=OFFICE) for one in challenges),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in said) == ["Session", "WrongSecondFactor"]
    assert (await second_factors.standing(who.id)).recovery_codes_left == 9
    fresh = await second_factors.new_recovery_codes(who.id)
    with pytest.raises(WRONG):
        await operator_sign_in.second((await half()).challenge, codes[0], origin=OFFICE)
    await operator_sign_in.second((await half()).challenge, fresh[0].replace("-", " "), origin=OFFICE)


async def test_somebody_elses_recovery_code_is_no_code(db):
    _, _, theirs = await enrolled("li")
    await enrolled("chen")
    with pytest.raises(WRONG):
        await operator_sign_in.second((await half("chen")).challenge, theirs[0], origin=OFFICE)


async def test_a_challenge_is_answered_once_soon_and_where_it_was_asked(db):
    _, app, codes = await enrolled()
    wanted = await half()
    with pytest.raises(OVER):
        await operator_sign_in.second(wanted.challenge, codes[0], origin=ELSEWHERE)
    said = await asyncio.gather(
        *(operator_sign_in.second(wanted.challenge, code, origin=OFFICE) for code in (app.code(), codes[0])),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in said) == ["Session", "SignInOver"]
    with pytest.raises(OVER):
        await operator_sign_in.second("made up", app.code(1), origin=OFFICE)
    late = await half()
    advance(minutes=6)
    with pytest.raises(OVER):
        await operator_sign_in.second(late.challenge, app.code(), origin=OFFICE)


async def test_what_a_lost_race_took_is_not_lost(db):
    """The challenge was answered by the other; the recovery code that came too late is still good."""
    who, app, codes = await enrolled()
    wanted = await half()
    await operator_sign_in.second(wanted.challenge, app.code(), origin=OFFICE)
    with pytest.raises(OVER):
        await operator_sign_in.second(wanted.challenge, codes[0], origin=OFFICE)
    assert (await second_factors.standing(who.id)).recovery_codes_left == 10


async def test_after_five_wrong_codes_one_begins_again(db):
    _, app, _ = await enrolled()
    wanted = await half()
    for _ in range(sign_in_challenges.TRIES):
        with pytest.raises(WRONG):
            await operator_sign_in.second(wanted.challenge, "000000", origin=OFFICE)
    with pytest.raises(OVER):
        await operator_sign_in.second(wanted.challenge, app.code(), origin=OFFICE)


async def test_guessing_codes_with_the_right_password_comes_to_rest(db):
    await enrolled()
    with pytest.raises(operator_sign_in.SignInRests):
        for _ in range(4):
            wanted = await half()
            for _ in range(sign_in_challenges.TRIES):
                with pytest.raises(WRONG):
                    await operator_sign_in.second(wanted.challenge, "000000", origin=OFFICE)
    assert (
        await database.fetchval("SELECT count(*) FROM sign_in_attempt WHERE outcome = 'wrong_second_factor'")
        == 10
    )


@pytest.mark.parametrize("happens", ["disabled", "password", "reset"])
async def test_what_happens_between_the_steps_ends_it(db, happens):
    await hired("boss")
    who, app, _ = await enrolled()
    wanted = await half()
    if happens == "disabled":
        await staff.disable(who.id, who.id)
    elif happens == "password":
        await staff.change_password(who.id, who.id, password="quite another sentence")
    else:
        await staff.reset_second_factor(who.id, who.id)
    with pytest.raises(OVER):
        await operator_sign_in.second(wanted.challenge, app.code(), origin=OFFICE)


async def test_with_the_last_second_factor_the_recovery_codes_go(db):
    who, _, codes = await enrolled()
    with pytest.raises(second_factors.LastSecondFactor):
        await second_factors.remove_totp(who.id)
    assert (await second_factors.standing(who.id)).recovery_codes_left == 10
    await second_factors.remove_totp(who.id, even_if_last=True)
    assert await second_factors.standing(who.id) == second_factors.Standing(None, 0, 0, None)
    assert isinstance(
        await operator_sign_in.sign_in("chen", "long enough to be a password"), operator_sign_in.Session
    )
    with pytest.raises(second_factors.NoSuchSecondFactor):
        await second_factors.remove_totp(who.id)
    with pytest.raises(second_factors.NoSuchSecondFactor):
        await second_factors.new_recovery_codes(who.id)
    await second_factors.begin_totp(who.id, "chen")
    await second_factors.remove_totp(who.id)  # only begun it is no second factor, and not the last
    with pytest.raises(WRONG):
        await second_factors.use_code(who.id, codes[0])


async def test_of_two_new_sets_of_recovery_codes_at_once_one_is_good(db):
    who, _, _ = await enrolled()
    sets = await asyncio.gather(*(second_factors.new_recovery_codes(who.id) for _ in range(3)))
    assert (await second_factors.standing(who.id)).recovery_codes_left == 10
    good = 0
    for codes in sets:
        try:
            await second_factors.use_code(who.id, codes[0])
            good += 1
        except WRONG:
            continue
    assert good == 1


async def test_a_session_shows_again_by_a_code_and_its_old_token_is_good_no_more(db):
    _, app, _ = await enrolled()
    session = await operator_sign_in.second((await half()).challenge, app.code(), origin=OFFICE)
    duty = await on_duty(session)
    for wrong in ({"password": "long enough to be a password"}, {}, {"password": "x", "code": "1"}):
        with pytest.raises(operator_sign_in.OtherProofNeeded):
            await operator_sign_in.show_again(duty, session.token, origin=OFFICE, **wrong)
    with pytest.raises(WRONG):
        await operator_sign_in.show_again(duty, session.token, code=app.code(), origin=OFFICE)
    advance(minutes=20)
    renewed = await operator_sign_in.show_again(duty, session.token, code=app.code(), origin=OFFICE)
    assert await operators.of_token(session.token) is None
    again = await on_duty(renewed)
    assert (again.session_id, again.fresh_at, renewed.expires_at) == (
        duty.session_id,
        clock.now(),
        session.expires_at,
    )
    with pytest.raises(operator_sign_in.SessionOver):
        await operator_sign_in.show_again(duty, session.token, code=app.code(1), origin=OFFICE)


async def test_signing_out_while_showing_again_ends_the_session_whoever_is_first(db):
    """Signing out named the session by its token; a step-up at the same moment had given it another, and it went on."""
    for _ in range(4):
        await hired()
        session = await operator_sign_in.sign_in("chen", "long enough to be a password", origin=OFFICE)
        duty = await on_duty(session)
        renewed, _ = await asyncio.gather(
            operator_sign_in.show_again(
                duty, session.token, password="long enough to be a password", origin=OFFICE
            ),
            operator_sign_in.sign_out(duty),
            return_exceptions=True,
        )
        tokens = [session.token, *([renewed.token] if isinstance(renewed, operator_sign_in.Session) else [])]
        assert [await operators.of_token(token) for token in tokens] == [None] * len(tokens)
