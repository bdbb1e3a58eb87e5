"""Signing in at an identity provider: Authlib's server on loopback, with PKCE, changing keys, and lies."""

import asyncio
import secrets
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from joserfc.jwk import ECKey

from core import db as database
from gateways import oidc
from members import (
    duties,
    operator_sign_in,
    operators,
    sign_in_attempts,
    sign_in_challenges,
    sign_in_rules,
    single_sign_on,
    staff,
)
from tests.members import identity_provider
from tests.members.second_steps import ELSEWHERE, OFFICE, PASSWORD, enrolled, hired, on_duty

SITE = "http://127.0.0.1:8000"
OVER, NOT_LINKED, REFUSED = (
    sign_in_challenges.SignInOver,
    single_sign_on.NotLinked,
    single_sign_on.SingleSignOnRefused,
)


@pytest.fixture
def provider():
    sign_in_rules.use(sign_in_rules.Rules(public_url=SITE))
    with identity_provider.running(f"{SITE}{single_sign_on.BACK}") as running:
        yield running


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def house(provider, http):
    settings = oidc.Settings(provider.issuer, identity_provider.CLIENT, identity_provider.SECRET)
    return single_sign_on.House(oidc.Provider(settings, session=http))


@pytest.fixture
def there(http):
    """The browser goes to the provider and comes back with a state and a code."""

    async def there(begun):
        async with http.get(begun.url, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            back = parse_qs(urlsplit(answer.headers["Location"]).query)
        return {"state": back["state"][0], "code": back["code"][0], "proof": begun.proof}

    return there


async def linked(house, there, login="chen"):
    """An operator who has linked their account."""
    who = await hired(login)
    session = await operator_sign_in.sign_in(login, PASSWORD, origin=OFFICE)
    duty = await on_duty(session)
    came = await there(await single_sign_on.begin(house, link=duty, origin=OFFICE))
    await single_sign_on.link(house, duty, **came, origin=OFFICE)
    return who


async def test_who_has_linked_their_account_signs_in_by_it(db, house, there):
    who = await linked(house, there)
    assert await single_sign_on.is_linked(who.id)
    came = await there(await single_sign_on.begin(house, origin=OFFICE))
    session = await single_sign_on.sign_in(house, **came, origin=OFFICE)
    assert session.operator.id == who.id and await on_duty(session)
    assert next((one.way, one.outcome) for one in await sign_in_attempts.page()) == ("single_sign_on", "done")
    await single_sign_on.unlink(who.id)
    came = await there(await single_sign_on.begin(house, origin=OFFICE))
    with pytest.raises(NOT_LINKED):
        await single_sign_on.sign_in(house, **came, origin=OFFICE)


async def test_who_has_a_second_factor_here_is_asked_for_it(db, house, there, provider):
    who, app, _ = await enrolled()
    await single_sign_on.set_email(who.id, "Chen@Example.com")
    came = await there(await single_sign_on.begin(house, origin=OFFICE))
    wanted = await single_sign_on.sign_in(house, **came, origin=OFFICE)
    session = await operator_sign_in.second(wanted.challenge, app.code(), origin=OFFICE)
    assert session.operator.id == who.id


async def test_an_address_that_an_owner_wrote_down_links_once_and_only_where_it_is_verified(
    db, house, there, provider
):
    who = await hired()
    await single_sign_on.set_email(who.id, "chen@example.com")
    provider.person["email_verified"] = False
    came = await there(await single_sign_on.begin(house, origin=OFFICE))
    with pytest.raises(NOT_LINKED):
        await single_sign_on.sign_in(house, **came, origin=OFFICE)
    provider.person["email_verified"] = True
    came = await there(await single_sign_on.begin(house, origin=OFFICE))
    assert (await single_sign_on.sign_in(house, **came, origin=OFFICE)).operator.id == who.id
    provider.person["sub"] = "u-2"
    came = await there(await single_sign_on.begin(house, origin=OFFICE))
    with pytest.raises(NOT_LINKED):
        await single_sign_on.sign_in(house, **came, origin=OFFICE), "the address is another's by now"
    await hired("li")
    with pytest.raises(single_sign_on.EmailTaken):
        await single_sign_on.set_email(2 if who.id == 1 else who.id + 1, "CHEN@example.com")


async def test_nobody_is_added_unless_the_settings_say_as_what(db, house, there, provider):
    came = await there(await single_sign_on.begin(house, origin=OFFICE))
    with pytest.raises(NOT_LINKED):
        await single_sign_on.sign_in(house, **came, origin=OFFICE)
    assert await database.fetchval("SELECT count(*) FROM operator") == 0
    open_house = single_sign_on.House(house.provider, "support")
    came = await there(await single_sign_on.begin(open_house, origin=OFFICE))
    session = await single_sign_on.sign_in(open_house, **came, origin=OFFICE)
    assert (await on_duty(session)).posts == (duties.Post("support"),)
    boss = await hired("boss")
    await staff.disable(boss.id, session.operator.id)
    came = await there(await single_sign_on.begin(open_house, origin=OFFICE))
    with pytest.raises(NOT_LINKED):
        await single_sign_on.sign_in(open_house, **came, origin=OFFICE)


async def test_coming_back_is_good_once_in_the_browser_that_went(db, house, there):
    await linked(house, there)
    begun = await single_sign_on.begin(house, origin=OFFICE)
    came = await there(begun)
    for wrong, origin in (({"proof": "x"}, OFFICE), ({"state": "x"}, OFFICE), ({}, ELSEWHERE)):
        with pytest.raises(OVER):
            await single_sign_on.sign_in(house, **{**came, **wrong}, origin=origin)
    both = await asyncio.gather(
        *(single_sign_on.sign_in(house, **came, origin=OFFICE) for _ in range(3)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in both) == ["Session", "SignInOver", "SignInOver"]


async def test_anothers_code_is_worth_nothing_with_ones_own_state(db, house, there):
    """The code was asked for with another verifier and nonce: PKCE."""
    await linked(house, there)
    mine, theirs = [await there(await single_sign_on.begin(house, origin=OFFICE)) for _ in range(2)]
    with pytest.raises(REFUSED):
        await single_sign_on.sign_in(house, **{**mine, "code": theirs["code"]}, origin=OFFICE)
    made_up = await there(await single_sign_on.begin(house, origin=OFFICE))
    with pytest.raises(REFUSED):
        await single_sign_on.sign_in(house, **{**made_up, "code": "made up"}, origin=OFFICE)
    assert [one.outcome for one in await sign_in_attempts.page(limit=2)] == ["single_sign_on_refused"] * 2


async def test_a_state_to_link_does_not_sign_in_nor_link_another(db, house, there):
    await linked(house, there)
    await hired("li")
    li = await on_duty(await operator_sign_in.sign_in("li", PASSWORD, origin=OFFICE))
    came = await there(await single_sign_on.begin(house, link=li, origin=OFFICE))
    with pytest.raises(OVER):
        await single_sign_on.sign_in(house, **came, origin=OFFICE)
    came = await there(await single_sign_on.begin(house, link=li, origin=OFFICE))
    with pytest.raises(single_sign_on.AlreadyLinked):
        await single_sign_on.link(house, li, **came, origin=OFFICE)
    assert not await single_sign_on.is_linked(li.id)


@pytest.mark.parametrize(
    "lies",
    [
        {"iss": "http://127.0.0.1:1"},
        {"aud": ["another client"]},
        {"aud": ["yucun desk", "another client"]},
        {"azp": "another client"},
        {"exp": identity_provider.past(120)},
        {"iat": identity_provider.past(-600)},
        {"nonce": "another"},
    ],
    ids=[
        "issuer",
        "audience",
        "two audiences",
        "party",
        "over",
        "to come",
        "nonce",
    ],  # both test processes must name them alike
)
async def test_a_token_that_is_not_for_us_now_is_not_believed(db, house, there, provider, lies):
    await linked(house, there)
    provider.lies = lies
    came = await there(await single_sign_on.begin(house, origin=OFFICE))
    with pytest.raises(REFUSED):
        await single_sign_on.sign_in(house, **came, origin=OFFICE)


async def test_keys_change_also_under_their_name_and_kinds_of_keys_too(db, house, there, provider):
    await linked(house, there)
    for change in ({}, {"kid": provider.key.kid}, {"kind": ECKey}):
        provider.change_keys(**change)
        came = await there(await single_sign_on.begin(house, origin=OFFICE))
        assert await single_sign_on.sign_in(house, **came, origin=OFFICE)
    before = len(provider.asked)
    came = await there(await single_sign_on.begin(house, origin=OFFICE))
    assert await single_sign_on.sign_in(house, **came, origin=OFFICE)
    assert len(provider.asked) == before, "known keys are not asked for again"
    shown = provider.key
    provider.change_keys()
    provider.shown_keys = [shown]
    came = await there(await single_sign_on.begin(house, origin=OFFICE))
    with pytest.raises(REFUSED):
        await single_sign_on.sign_in(house, **came, origin=OFFICE)


async def test_a_shop_without_a_provider_or_one_that_is_away_says_so(db, http):
    away = single_sign_on.House(oidc.Provider(oidc.Settings("http://127.0.0.1:9", "x"), session=http))
    for house, refusal in (
        (None, single_sign_on.SingleSignOnClosed),
        (away, single_sign_on.IdentityProviderAway),
    ):
        with pytest.raises(refusal):
            await single_sign_on.begin(house, origin=OFFICE)


async def test_a_provider_that_calls_itself_something_else_is_not_asked(db, provider, http):
    settings = oidc.Settings(f"{provider.issuer}/", identity_provider.CLIENT, identity_provider.SECRET)
    with pytest.raises(single_sign_on.IdentityProviderAway):
        await single_sign_on.begin(single_sign_on.House(oidc.Provider(settings, session=http)), origin=OFFICE)


async def test_operators_of_the_fixture_are_known_by_their_password_too(db, house, there):
    who = await linked(house, there)
    assert (await operator_sign_in.sign_in("chen", PASSWORD)).operator == operators.Operator(
        who.id, "chen", who.name
    )


async def test_who_was_let_go_is_not_added_anew_under_the_address_they_had(db, house, there):
    """They had never signed in there, so no subject of theirs was known: they came back in as somebody new."""
    await hired("boss")
    who = await hired("li")
    await single_sign_on.set_email(who.id, "chen@example.com")
    await staff.disable(who.id, who.id)
    open_house = single_sign_on.House(house.provider, "support")
    came = await there(await single_sign_on.begin(open_house, origin=OFFICE))
    with pytest.raises(NOT_LINKED):
        await single_sign_on.sign_in(open_house, **came, origin=OFFICE)
    assert await database.fetchval("SELECT count(*) FROM operator") == 2


async def test_who_is_added_has_no_password_that_could_be_refused(db, house, there, provider, monkeypatch):
    """Theirs is made up; a short name stood in it once in some hundreds of times, and they were told that it was too easy."""
    made_up = secrets.token_urlsafe
    monkeypatch.setattr(secrets, "token_urlsafe", lambda size: f"xAnnx{made_up(size)}")
    provider.person["name"] = "Ann"
    open_house = single_sign_on.House(house.provider, "support")
    came = await there(await single_sign_on.begin(open_house, origin=OFFICE))
    assert (await single_sign_on.sign_in(open_house, **came, origin=OFFICE)).operator.name == "Ann"


async def test_names_that_cannot_be_kept_are_left_out_and_such_subjects_refused(db, house, there, provider):
    open_house = single_sign_on.House(house.provider, "support")
    provider.person |= {"name": "A\0nn", "email": "a\0@example.com"}
    came = await there(await single_sign_on.begin(open_house, origin=OFFICE))
    found = await single_sign_on.sign_in(open_house, **came, origin=OFFICE)
    assert found.operator.name == found.operator.login and found.operator.login.startswith("sso-")
    for subject, refusal in (("s" * 256, REFUSED), ("a\0b", single_sign_on.IdentityProviderAway)):
        provider.person["sub"] = subject
        came = await there(await single_sign_on.begin(open_house, origin=OFFICE))
        with pytest.raises(refusal):
            await single_sign_on.sign_in(open_house, **came, origin=OFFICE)


async def test_a_provider_without_keys_is_of_no_use_and_why_is_logged(db, house, there, provider, caplog):
    provider.shown_keys = []
    came = await there(await single_sign_on.begin(house, origin=OFFICE))
    with pytest.raises(single_sign_on.IdentityProviderAway):
        await single_sign_on.sign_in(house, **came, origin=OFFICE)
    assert "its keys cannot be read" in caplog.text
