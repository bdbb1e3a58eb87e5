"""Guessing: how often signing in may fail, and what the shop learns of it."""

import asyncio
from datetime import timedelta

import pytest

from core import clock
from core import db as database
from members import operator_sign_in, operators, sign_in_attempts, sign_in_limits, sign_in_upkeep
from members.sign_in_attempts import Origin
from tests.members.second_steps import ELSEWHERE, OFFICE, PASSWORD, hired

RESTS = operator_sign_in.SignInRests


async def guess(login="chen", origin=ELSEWHERE, password="guess"):
    try:
        await operator_sign_in.sign_in(login, password, origin=origin)
    except (RESTS, operator_sign_in.WrongLogin) as refusal:
        return refusal
    return None


@pytest.fixture
def _quick(monkeypatch):
    """Guesses without the time that a hash takes."""

    async def is_right(hashed, password):
        return hashed is not None and password == PASSWORD

    monkeypatch.setattr("members.passwords.is_right", is_right)


@pytest.mark.parametrize("login", ["chen", "nobody"])
async def test_a_login_rests_at_a_place_after_ten_failures_ever_longer_known_or_not(db, _quick, login):
    await hired()
    clock.stand_at(clock.now())
    said = [await guess(login) for _ in range(11)]
    assert [one.code for one in said] == ["wrong_login"] * 10 + ["sign_in_rests"]
    waits = []
    for _ in range(9):
        waits.append((await guess(login)).params["retry_after_s"])
        clock.stand_at(clock.now() + timedelta(seconds=waits[-1]))
        assert (await guess(login)).code == "wrong_login"
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


async def test_many_guesses_at_once_are_no_more_than_one_after_another(db, _quick):
    await hired()
    said = await asyncio.gather(*(guess() for _ in range(40)))
    assert sum(one.code == "wrong_login" for one in said) == sign_in_limits.PAIR.tries


async def test_a_stranger_at_another_place_does_not_keep_the_operator_out(db, _quick):
    await hired()
    for _ in range(12):
        await guess(origin=ELSEWHERE)
    assert await guess(origin=OFFICE, password=PASSWORD) is None


async def test_strangers_at_many_places_slow_a_login_down_but_not_where_its_operator_works(db, _quick):
    await hired()
    assert await guess(origin=OFFICE, password=PASSWORD) is None
    places = [Origin(f"203.0.113.{nth}") for nth in range(sign_in_limits.LOGIN.tries)]
    assert {(await guess(origin=place)).code for place in places} == {"wrong_login"}
    rests = await guess(origin=Origin("203.0.113.200"))
    assert rests.code == "sign_in_rests" and rests.params["retry_after_s"] <= 60
    assert await guess(origin=OFFICE, password=PASSWORD) is None
    clock.set_offset(clock.offset() + timedelta(minutes=16))
    assert await guess(origin=Origin("203.0.113.201"), password=PASSWORD) is None, "never for good"


async def test_a_place_rests_that_tries_many_logins(db, _quick):
    await hired()
    said = [(await guess(f"login{nth}")).code for nth in range(sign_in_limits.PLACE.tries + 1)]
    assert said[-2:] == ["wrong_login", "sign_in_rests"]
    assert (await guess("chen", password=PASSWORD)).code == "sign_in_rests"
    assert await guess("chen", origin=OFFICE, password=PASSWORD) is None


async def test_addresses_of_one_ipv6_network_are_one_place(db, _quick):
    for nth in range(10):
        await guess(origin=Origin(f"2001:db8:1:2::{nth}"))
    assert (await guess(origin=Origin("2001:db8:1:2:ffff::1"))).code == "sign_in_rests"
    assert (await guess(origin=Origin("2001:db8:1:3::1"))).code == "wrong_login"


async def test_who_signs_in_has_failed_no_time_and_old_failures_are_forgotten(db, _quick):
    await hired()
    for _ in range(2):
        for _ in range(9):
            await guess()
        assert await guess(password=PASSWORD) is None
    for _ in range(9):
        await guess()
    clock.set_offset(timedelta(hours=25))
    for _ in range(9):
        assert (await guess()).code == "wrong_login"
    clock.set_offset(timedelta(hours=50))
    await sign_in_upkeep.forget()
    assert await database.fetchval("SELECT count(*) FROM sign_in_limit") == 0


async def test_slips_of_weeks_do_not_add_up_where_people_work(db, _quick):
    """A place's failures were forgotten only after a day without any try: a shop of one address rested for an hour with every slip."""
    await hired()
    began = clock.now()
    for day in range(20):
        clock.stand_at(began + timedelta(days=day))
        for _ in range(3):
            assert (await guess(origin=OFFICE)).code == "wrong_login"
        assert await guess(origin=OFFICE, password=PASSWORD) is None


async def test_tidying_up_ends_no_rest(db, _quick):
    began = clock.now()
    clock.stand_at(began)
    await guess()
    clock.stand_at(began + timedelta(hours=23, minutes=59, seconds=30))
    for _ in range(9):
        await guess()
    clock.stand_at(began + timedelta(hours=24, seconds=10))
    await sign_in_upkeep.forget()
    assert (await guess()).code == "sign_in_rests"


async def test_the_present_password_is_guessed_no_more_often_than_at_the_door(db, _quick):
    await hired()
    with pytest.raises(RESTS):
        for _ in range(11):
            with pytest.raises(operator_sign_in.WrongLogin):
                await operator_sign_in.check_password("chen", "guess", origin=OFFICE)


async def test_every_try_is_written_down_but_no_login_that_nobody_has(db, _quick):
    who = await hired()
    await guess()
    await guess("hunter2-in-the-wrong-field")
    await guess(password=PASSWORD)
    done, unknown, wrong = await sign_in_attempts.page()
    assert (wrong.operator_id, wrong.outcome, wrong.address, wrong.user_agent) == (
        who.id, "wrong_login", ELSEWHERE.address, ELSEWHERE.user_agent,
    )  # fmt: skip
    assert (unknown.operator_id, unknown.outcome) == (None, "wrong_login")
    assert (done.operator_name, done.way, done.outcome) == ("陈店长", "password", "done")
    tables = ("sign_in_attempt", "sign_in_limit", "operator_challenge")
    for table in tables:
        assert "hunter2" not in str(await database.fetch(f"SELECT * FROM {table}"))
    assert [one.id for one in await sign_in_attempts.page(outcome="done")] == [done.id]
    clock.set_offset(sign_in_attempts.KEPT_FOR + timedelta(days=1))
    await sign_in_upkeep.forget()
    assert await sign_in_attempts.page() == []


@pytest.mark.parametrize(
    ("password", "refusal"),
    [
        ("short", operators.PasswordTooShort),
        ("1234567890", operators.PasswordTooEasy),
        ("password12", operators.PasswordTooEasy),
        ("P@ssw0rd2024", operators.PasswordTooEasy),
        ("woaini1314520", operators.PasswordTooEasy),
        ("1qaz2wsx3edc", operators.PasswordTooEasy),
        ("tall Chenxi umbrella", operators.PasswordNamesOperator),
        ("陈店长的伞在门口放着呢", operators.PasswordNamesOperator),
    ],
)
async def test_passwords_that_are_tried_first_are_refused(db, password, refusal):
    with pytest.raises(refusal):
        await operators.create(login="chenxi", name="陈店长", password=password)
