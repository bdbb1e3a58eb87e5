"""What a refused sign-in costs is the same, whatever it is refused for: counted, since time that is measured is never the same twice."""

import pytest

from core import clock
from core import db as database
from members import operator_sign_in, passwords, sign_in_limits, staff
from tests.members.second_steps import ELSEWHERE, PASSWORD, hired

REFUSED = (operator_sign_in.WrongLogin, operator_sign_in.SignInRests)


@pytest.fixture
def work(monkeypatch):
    """What is done, in order: statements, and passwords that are hashed to be compared."""
    done = []

    def noted(name, told):
        real = getattr(*name)

        def note(*args, **more):
            done.append(told(*args))
            return real(*args, **more)

        monkeypatch.setattr(*name, note)

    for ask in ("fetch", "fetchrow", "fetchval", "execute"):
        noted((database, ask), lambda sql, *_: sql)
    noted((passwords, "_verified"), lambda *_: "argon2")
    return done


async def refused(work, login, password="a guess, and a long one", origin=ELSEWHERE):
    """The work of one sign-in that is refused."""
    work.clear()
    with pytest.raises(REFUSED) as refusal:
        await operator_sign_in.sign_in(login, password, origin=origin)
    return refusal.value.code, list(work)


async def test_no_such_login_another_password_and_who_was_let_go_are_the_same_work(db, work):
    boss = await hired("boss")
    await hired("chen")
    gone = await hired("li")
    await staff.disable(boss.id, gone.id)
    code, wrong = await refused(work, "chen")
    assert (code, wrong.count("argon2")) == ("wrong_login", 1)
    assert await refused(work, "nobody") == (code, wrong)
    assert await refused(work, "li") == (code, wrong)
    assert await refused(work, "li", password=PASSWORD) == (code, wrong)
    assert await refused(work, "chen", password="") == (code, wrong)


async def test_a_login_that_rests_hashes_as_often_whoever_has_it(db, work):
    boss = await hired("boss")
    await hired("chen")
    gone = await hired("li")
    await staff.disable(boss.id, gone.id)
    clock.stand_at(clock.now())
    tries = (("chen", "x"), ("chen", PASSWORD), ("nobody", "x"), ("li", PASSWORD))
    for login in ("chen", "nobody", "li"):
        for _ in range(sign_in_limits.PAIR.tries):
            await sign_in_limits.spend(login, ELSEWHERE)
    code, work_done = await refused(work, "chen")
    assert (code, work_done.count("argon2")) == ("sign_in_rests", 1)
    for login, password in tries:
        assert await refused(work, login, password) == (code, work_done), login
