"""Passkeys: made on a device, used with or without a password, by nobody else and never twice."""

import asyncio
import json
from datetime import timedelta

import pytest

from core import clock
from core import db as database
from members import (
    operator_sign_in,
    operators,
    passkeys,
    second_factors,
    sign_in_attempts,
    sign_in_challenges,
    sign_in_rules,
    staff,
)
from tests.members.authenticator import Authenticator, b64, raw
from tests.members.second_steps import ELSEWHERE, OFFICE, PASSWORD, enrolled, half, hired, on_duty

SITE = "https://desk.example.com"
WRONG, OVER = passkeys.WrongPasskey, sign_in_challenges.SignInOver


@pytest.fixture(autouse=True)
def _site():
    sign_in_rules.use(sign_in_rules.Rules(public_url=f"{SITE}:8443", shop_name="一盏茶"))


def device(**how):
    return Authenticator(f"{SITE}:8443", **how)


async def signed_in(login="chen"):
    session = await operator_sign_in.sign_in(login, PASSWORD, origin=OFFICE)
    return session, await on_duty(session)


async def with_passkey(login="chen", **how):
    """An operator with a passkey on a device."""
    await hired(login)
    _, duty = await signed_in(login)
    phone = device(**how)
    asked = await passkeys.begin(duty, origin=OFFICE)
    added = await passkeys.add(duty, asked.challenge, phone.create(asked.options), name="手机", origin=OFFICE)
    return duty, phone, added


async def test_a_passkey_alone_signs_in_and_nobody_says_who_they_are_before(db):
    duty, phone, added = await with_passkey()
    assert len(added.recovery_codes) == 10 and added.passkey.name == "手机"
    asked = await passkeys.ask(origin=OFFICE)
    options = json.loads(asked.options)
    assert (options["rpId"], options["allowCredentials"], options["userVerification"]) == (
        "desk.example.com",
        [],
        "required",
    )
    session = await passkeys.sign_in(asked.challenge, phone.get(asked.options), origin=OFFICE)
    again = await on_duty(session)
    assert (again.id, again.has_second_factor) == (duty.id, True)
    (mine,) = await passkeys.of_operator(duty.id)
    assert mine.used_at is not None
    assert next((one.way, one.outcome) for one in await sign_in_attempts.page()) == ("passkey", "done")


async def test_after_a_password_it_is_the_second_step_and_only_that_operators(db):
    duty, phone, _ = await with_passkey()
    _, theirs, _ = await with_passkey("li")
    wanted = await half()
    assert wanted.kinds == ("passkey", "recovery_code")
    asked = await passkeys.ask(second_factor=wanted.challenge, origin=OFFICE)
    (allowed,) = json.loads(asked.options)["allowCredentials"]
    assert raw(allowed["id"]) in phone.keys
    with pytest.raises(WRONG):
        other = theirs.get(asked.options, name=next(iter(theirs.keys)))
        await passkeys.sign_in(asked.challenge, other, origin=OFFICE)
    session = await passkeys.sign_in(asked.challenge, phone.get(asked.options), origin=OFFICE)
    assert session.operator.id == duty.id
    for token, place in ((wanted.challenge, ELSEWHERE), ("made up", OFFICE)):
        with pytest.raises(OVER):
            await passkeys.ask(second_factor=token, origin=place)


async def test_a_challenge_is_answered_once_also_when_it_comes_twice_at_the_same_moment(db):
    _, phone, _ = await with_passkey(counts=False)
    asked = await passkeys.ask(origin=OFFICE)
    said = phone.get(asked.options)
    both = await asyncio.gather(
        *(passkeys.sign_in(asked.challenge, said, origin=OFFICE) for _ in range(3)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in both) == ["Session", "SignInOver", "SignInOver"]
    with pytest.raises(OVER):
        await passkeys.sign_in(asked.challenge, said, origin=OFFICE)


async def test_what_was_signed_for_another_challenge_site_or_use_is_worth_nothing(db):
    duty, phone, _ = await with_passkey()
    earlier = await passkeys.ask(origin=OFFICE)
    for bend in (
        lambda asked: phone.get(earlier.options),
        lambda asked: phone.get(asked.options, origin="https://desk.example.com.evil.example"),
        lambda asked: phone.get(asked.options, type="webauthn.create"),
        lambda asked: bent_signature(phone.get(asked.options)),
        lambda asked: "{}",
        lambda asked: "no json",
        lambda asked: "[" * 5000,
        lambda asked: json.dumps({"rawId": 7}),
        lambda asked: json.dumps({**json.loads(phone.get(asked.options)), "response": {}}),
    ):
        asked = await passkeys.ask(origin=OFFICE)
        with pytest.raises(WRONG):
            await passkeys.sign_in(asked.challenge, bend(asked), origin=OFFICE)
    again = await passkeys.ask_again(duty, origin=OFFICE)
    with pytest.raises(WRONG):
        await passkeys.sign_in(again.challenge, phone.get(again.options), origin=OFFICE)
    late = await passkeys.ask(origin=OFFICE)
    said = phone.get(late.options)
    with pytest.raises(OVER):
        await passkeys.sign_in(late.challenge, said, origin=ELSEWHERE)
    clock.set_offset(timedelta(minutes=6))
    with pytest.raises(OVER):
        await passkeys.sign_in(late.challenge, said, origin=OFFICE)


def bent_signature(credential):
    said = json.loads(credential)
    signature = bytearray(raw(said["response"]["signature"]))
    signature[-1] ^= 1
    said["response"]["signature"] = b64(bytes(signature))
    return json.dumps(said)


async def test_a_device_that_does_not_ask_its_user_is_not_enough(db):
    _, phone, _ = await with_passkey()
    phone.verifies = False
    asked = await passkeys.ask(origin=OFFICE)
    with pytest.raises(WRONG):
        await passkeys.sign_in(asked.challenge, phone.get(asked.options), origin=OFFICE)
    await hired("li")
    _, duty = await signed_in("li")
    asked = await passkeys.begin(duty, origin=OFFICE)
    with pytest.raises(passkeys.PasskeyRefused):
        await passkeys.add(
            duty, asked.challenge, device(verifies=False).create(asked.options), name="x", origin=OFFICE
        )
    assert await passkeys.of_operator(duty.id) == []


async def test_a_copy_whose_counter_falls_behind_is_refused(db):
    _, phone, _ = await with_passkey()
    for _ in range(3):
        asked = await passkeys.ask(origin=OFFICE)
        await passkeys.sign_in(asked.challenge, phone.get(asked.options), origin=OFFICE)
    phone.count = 1
    asked = await passkeys.ask(origin=OFFICE)
    with pytest.raises(WRONG):
        await passkeys.sign_in(asked.challenge, phone.get(asked.options), origin=OFFICE)


async def test_of_two_answers_with_one_count_one_is_good(db):
    """A copy and its original sign for challenges of their own at the same moment, with the same counter."""
    _, phone, _ = await with_passkey()
    asked = [await passkeys.ask(origin=OFFICE) for _ in range(2)]
    said = []
    for one in asked:
        phone.count = 7
        said.append(phone.get(one.options))
    both = await asyncio.gather(
        *(
            passkeys.sign_in(one.challenge, answer, origin=OFFICE)
            for one, answer in zip(asked, said, strict=True)
        ),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in both) == ["Session", "WrongPasskey"]
    assert {one.outcome for one in await sign_in_attempts.page(limit=2)} == {"done", "wrong_passkey"}


async def test_a_passkey_is_made_by_who_asked_on_a_device_that_has_none_and_once(db):
    duty, phone, _ = await with_passkey()
    asked = await passkeys.begin(duty, origin=OFFICE)
    with pytest.raises(ValueError, match="already"):
        phone.create(asked.options)
    await hired("li")
    _, li = await signed_in("li")
    tablet = device()
    made = tablet.create(asked.options)
    with pytest.raises(OVER):
        await passkeys.add(li, asked.challenge, made, name="偷", origin=OFFICE)
    twice = await asyncio.gather(
        *(passkeys.add(duty, asked.challenge, made, name="平板", origin=OFFICE) for _ in range(2)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in twice) in (["Added", "SignInOver"], ["Added", "PasskeyTaken"])
    for wrong in ("{}", "no json", tablet.create((await passkeys.begin(li, origin=OFFICE)).options)):
        asked = await passkeys.begin(duty, origin=OFFICE)
        with pytest.raises(passkeys.PasskeyRefused):
            await passkeys.add(duty, asked.challenge, wrong, name="x", origin=OFFICE)


async def test_passkeys_are_named_and_removed_by_whose_they_are_and_the_codes_go_with_the_last(db):
    duty, phone, added = await with_passkey()
    other, _, _ = await with_passkey("li")
    for act in (
        passkeys.rename(other.id, added.passkey.id, "x"),
        passkeys.remove(other.id, added.passkey.id),
    ):
        with pytest.raises(passkeys.NoSuchPasskey):
            await act
    await passkeys.rename(duty.id, added.passkey.id, "旧手机")
    assert [one.name for one in await passkeys.of_operator(duty.id)] == ["旧手机"]
    with pytest.raises(second_factors.LastSecondFactor):
        await passkeys.remove(duty.id, added.passkey.id)
    await passkeys.remove(duty.id, added.passkey.id, even_if_last=True)
    assert await second_factors.kinds(duty.id) == ()
    assert (await second_factors.standing(duty.id)).recovery_codes_left == 0
    asked = await passkeys.ask(origin=OFFICE)
    with pytest.raises(WRONG):
        await passkeys.sign_in(asked.challenge, phone.get(asked.options), origin=OFFICE)


async def test_one_more_second_factor_keeps_the_recovery_codes(db):
    who, _, _ = await enrolled()
    session = await operators_session(who.id)
    phone = device()
    asked = await passkeys.begin(session, origin=OFFICE)
    added = await passkeys.add(
        session, asked.challenge, phone.create(asked.options), name="手机", origin=OFFICE
    )
    assert added.recovery_codes == (), "those there are are good"
    assert await second_factors.kinds(who.id) == ("totp", "passkey", "recovery_code")
    await second_factors.remove_totp(who.id)
    assert await second_factors.kinds(who.id) == ("passkey", "recovery_code")


async def operators_session(operator_id):
    from members import operator_sessions

    opened = await operator_sessions.open_for(operator_id, OFFICE)
    return await operators.of_token(opened.token)


async def test_who_was_let_go_or_reset_does_not_come_in_by_a_passkey(db):
    boss = await hired("boss")
    duty, phone, _ = await with_passkey()
    asked = await passkeys.ask(origin=OFFICE)
    await staff.disable(boss.id, duty.id)
    with pytest.raises(WRONG):
        await passkeys.sign_in(asked.challenge, phone.get(asked.options), origin=OFFICE)
    await staff.enable(boss.id, duty.id)
    await staff.reset_second_factor(boss.id, duty.id)
    asked = await passkeys.ask(origin=OFFICE)
    with pytest.raises(WRONG):
        await passkeys.sign_in(asked.challenge, phone.get(asked.options), origin=OFFICE)
    assert await database.fetchval("SELECT count(*) FROM operator_passkey") == 0


async def test_a_session_is_fresh_again_by_a_passkey_of_its_own_operator(db):
    duty, phone, _ = await with_passkey()
    other, theirs, _ = await with_passkey("li")
    asked = await passkeys.ask(origin=OFFICE)
    session = await passkeys.sign_in(asked.challenge, phone.get(asked.options), origin=OFFICE)
    duty = await on_duty(session)
    clock.set_offset(timedelta(minutes=20))
    asked = await passkeys.ask_again(other, origin=OFFICE)
    with pytest.raises(OVER):
        await passkeys.show_again(
            duty, session.token, asked.challenge, theirs.get(asked.options), origin=OFFICE
        )
    asked = await passkeys.ask_again(duty, origin=OFFICE)
    renewed = await passkeys.show_again(
        duty, session.token, asked.challenge, phone.get(asked.options), origin=OFFICE
    )
    assert await operators.of_token(session.token) is None
    assert (await on_duty(renewed)).fresh_at > duty.fresh_at
