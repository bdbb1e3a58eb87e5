"""Access tokens: rotation, expiry, forgery."""

import base64
import json
from datetime import timedelta

import jwt
import pytest
from kit_example_door import open_client

from core import clock
from core import http as kit
from core.http import tokens

OLD = kit.Key("2025", b"o" * 32)
NEW = kit.Key("2026", b"n" * 32)
LONG = kit.Key("long", b"l" * 64)


def made(*keys, audience="customers", lifetime=timedelta(hours=2), **more):
    return kit.Tokens(keys, issuer="yucun", audience=audience, lifetime=lifetime, **more)


def test_a_token_says_whose_it_is_and_until_when():
    found = made(NEW)
    issued = found.issue("17")
    claims = found.verify(issued.token)
    assert claims.subject == "17"
    assert claims.expires_at == issued.expires_at
    assert claims.expires_at - claims.issued_at == timedelta(hours=2)
    assert issued.token not in repr(issued) and "nnnn" not in repr(NEW)


def test_tokens_of_the_old_key_stay_good_while_the_key_is_listed():
    old = made(OLD).issue("17").token
    assert made(NEW, OLD).verify(old).subject == "17"
    assert jwt.get_unverified_header(made(NEW, OLD).issue("17").token)["kid"] == "2026"
    with pytest.raises(tokens.InvalidToken):
        made(NEW).verify(old)


def test_a_token_expires_by_our_clock_also_when_it_was_verified_before():
    found = made(NEW)
    token = found.issue("17").token
    found.verify(token)
    clock.set_offset(timedelta(hours=2, seconds=-5))
    found.verify(token)
    clock.set_offset(timedelta(hours=2))
    for _ in range(2):
        with pytest.raises(tokens.ExpiredToken):
            found.verify(token)


def test_forged_tokens_are_refused():
    found = made(NEW, LONG)
    good = found.issue("17").token
    head, claims, signature = good.split(".")
    raised = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"sub": "1"}
    changed = base64.urlsafe_b64encode(json.dumps(raised).encode()).rstrip(b"=").decode()
    unsigned = jwt.encode({"sub": "1"}, None, algorithm="none", headers={"kid": "2026"})
    forged = [
        f"{head}.{changed}.{signature}",
        f"{head}.{claims}.",
        unsigned,
        made(kit.Key("2026", b"x" * 32)).issue("17").token,
        made(NEW, audience="operators").issue("17").token,
        jwt.encode({"sub": "17"}, NEW.secret, headers={"kid": "2026"}),
        jwt.encode({"sub": "17"}, NEW.secret),
        jwt.encode({"sub": "17"}, LONG.secret, algorithm="HS512", headers={"kid": "long"}),
        "",
        "a.b.c",
        "x" * 5000,
    ]
    for token in forged:
        with pytest.raises(tokens.InvalidToken):
            found.verify(token)


@pytest.mark.parametrize(
    "change", [{"exp": 1e300}, {"exp": "soon"}, {"iat": 10**11}, {"sub": 17}, {"sub": ""}]
)
def test_well_signed_nonsense_is_refused(change):
    now = int(clock.now().timestamp())
    claims = {"iss": "yucun", "aud": "customers", "sub": "17", "iat": now, "exp": now + 60} | change
    with pytest.raises(tokens.InvalidToken):
        made(NEW).verify(jwt.encode(claims, NEW.secret, headers={"kid": "2026"}))


def test_bad_keys_are_refused_at_start():
    for keys in ((), (kit.Key("a", b"short"),), (NEW, NEW)):
        with pytest.raises(ValueError, match="key"):
            made(*keys)


def test_few_verified_tokens_are_remembered():
    found = made(NEW, remembered=2)
    for number in range(5):
        found.verify(found.issue(str(number)).token)
    assert len(found._verified) == 2


async def test_an_expired_token_is_answered_401_with_its_own_code():
    from kit_example_door import signed_in

    async with open_client() as client:
        headers = signed_in()
        clock.set_offset(timedelta(hours=3))
        response = await client.delete("/api/v1/numbers/7", headers=headers)
        assert (response.status, (await response.json())["code"]) == (401, "expired_token")
