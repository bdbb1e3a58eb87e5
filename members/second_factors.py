"""Operators' one-time codes: those of an authenticator app by time (TOTP, RFC 6238), and recovery codes for who has lost it.

A code is taken once: of an app's codes none of the same half minute or before, also when two come at the same moment. Who gets the first second
factor is shown ten recovery codes, of which we keep hashes.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import pyotp

from core import clock, db, errors, sealed
from members import sign_in_rules

Kind = Literal["totp", "recovery_code", "passkey"]

_COLUMN = "operator_totp.secret"
_STEP_S = 30
_STEPS_AROUND = 1
"""A clock that is half a minute wrong is right enough (RFC 6238 section 5.2)."""
RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that are taken for each other when read from paper."""
_CODE_LENGTH = 16


class WrongSecondFactor(errors.Unauthenticated):
    """The code is wrong, too old, or was used already."""

    code = "wrong_second_factor"


class WrongOneTimeCode(errors.Invalid):
    """The code that should show that the app has the secret is wrong."""

    code = "wrong_one_time_code"


class TotpInUse(errors.Conflict):
    """The operator has an authenticator app already; it is removed before another is added."""

    code = "totp_in_use"


class NoSuchSecondFactor(errors.NotFound):
    """The operator has no such second factor."""

    code = "no_such_second_factor"


class LastSecondFactor(errors.Conflict):
    """It is the operator's last second factor; after it their password is enough, which nobody wants by accident."""

    code = "last_second_factor"


@dataclass(frozen=True, slots=True)
class NewTotp:
    """What an authenticator app is told, as text and as the address in the QR code. Shown once."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """What an operator has."""

    totp_since: datetime | None
    passkeys: int
    recovery_codes_left: int
    linked_since: datetime | None
    """With an account at the shop's identity provider."""

    @property
    def is_linked(self) -> bool:
        """Whether they may sign in there."""
        return self.linked_since is not None


_BEGIN = """
INSERT INTO operator_totp AS t (operator_id, secret, last_step, created_at) VALUES ($1, $2, 0, $3)
ON CONFLICT (operator_id) DO UPDATE SET secret = $2, last_step = 0, created_at = $3 WHERE t.confirmed_at IS NULL RETURNING id
"""


async def begin_totp(operator_id: int, login: str) -> NewTotp:
    """A secret for an authenticator app. It is of no force until ``confirm_totp``; begun again, the one before is forgotten.

    Raises:
        TotpInUse.
    """
    secret = pyotp.random_base32()
    if await db.fetchval(_BEGIN, operator_id, _kept(secret), clock.now()) is None:
        raise TotpInUse
    uri = pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=sign_in_rules.current().shop_name)
    return NewTotp(secret, uri)


_PENDING = "SELECT secret FROM operator_totp WHERE operator_id = $1 AND confirmed_at IS NULL FOR UPDATE"
_CONFIRM = "UPDATE operator_totp SET confirmed_at = $2, last_step = $3 WHERE operator_id = $1"


async def confirm_totp(operator_id: int, code: str) -> tuple[str, ...]:
    """The app shows that it has the secret; from now on it is a second factor. Returns new recovery codes where there were none.

    Raises:
        NoSuchSecondFactor: none was begun, or it is confirmed already.
        WrongOneTimeCode.
    """
    async with db.transaction():
        await one_at_a_time(operator_id)
        kept = await db.fetchval(_PENDING, operator_id)
        if kept is None:
            raise NoSuchSecondFactor
        step = _step_of(_shown(kept), code)
        if step is None:
            raise WrongOneTimeCode
        await db.execute(_CONFIRM, operator_id, clock.now(), step)
        return await first_recovery_codes(operator_id)


_REMOVE = "DELETE FROM operator_totp WHERE operator_id = $1 RETURNING confirmed_at"


async def remove_totp(operator_id: int, *, even_if_last: bool = False) -> None:
    """Takes the authenticator app away; the recovery codes go with the last second factor.

    Raises:
        NoSuchSecondFactor.
        LastSecondFactor: it is the last, and ``even_if_last`` was not said.
    """
    async with db.transaction():
        await one_at_a_time(operator_id)
        gone = await db.fetchrow(_REMOVE, operator_id)
        if gone is None:
            raise NoSuchSecondFactor
        was_only_begun = gone["confirmed_at"] is None
        await forget_codes_without_factor(operator_id, even_if_last=even_if_last or was_only_begun)


async def one_at_a_time(operator_id: int) -> None:
    """What an operator signs in with changes once at a time, since recovery codes come with the first and go with the last; and not while
    they sign in. First in the caller's transaction."""
    await db.execute("SELECT FROM operator WHERE id = $1 FOR NO KEY UPDATE", operator_id)


_KEPT = "SELECT secret FROM operator_totp WHERE operator_id = $1 AND confirmed_at IS NOT NULL"
_TAKE = "UPDATE operator_totp SET last_step = $2 WHERE operator_id = $1 AND last_step < $2"
_USE = "UPDATE operator_recovery_code SET used_at = $3 WHERE operator_id = $1 AND code_hash = $2 AND used_at IS NULL"


async def use_code(operator_id: int, code: str) -> Kind:
    """Takes a code of the operator's app, or a recovery code: once, whoever comes first.

    Raises:
        WrongSecondFactor.
    """
    if is_recovery_code(code):
        if await db.execute(_USE, operator_id, _hash(operator_id, code), clock.now()):
            return "recovery_code"
        raise WrongSecondFactor
    kept = await db.fetchval(_KEPT, operator_id)
    step = None if kept is None else _step_of(_shown(kept), code)
    if step is None or not await db.execute(_TAKE, operator_id, step):
        raise WrongSecondFactor
    return "totp"


def is_recovery_code(code: str) -> bool:
    """Whether it looks like one; codes of apps are six digits."""
    return len(_plain(code)) > 8


_FACTORS = """
SELECT EXISTS (SELECT FROM operator_totp WHERE operator_id = $1 AND confirmed_at IS NOT NULL) AS totp,
    EXISTS (SELECT FROM operator_passkey WHERE operator_id = $1) AS passkey,
    EXISTS (SELECT FROM operator_recovery_code WHERE operator_id = $1 AND used_at IS NULL) AS recovery_code
"""


async def kinds(operator_id: int) -> tuple[Kind, ...]:
    """By what the operator can show again who they are; none: they have no second factor."""
    row = await db.fetchrow(_FACTORS, operator_id)
    assert row is not None
    factors: tuple[Kind, ...] = ("totp", "passkey", "recovery_code")
    found = tuple(kind for kind in factors if row[kind])
    return found if found != ("recovery_code",) else ()


_STANDING = """
SELECT (SELECT confirmed_at FROM operator_totp WHERE operator_id = $1) AS totp_since,
    (SELECT count(*) FROM operator_passkey WHERE operator_id = $1) AS passkeys,
    (SELECT count(*) FROM operator_recovery_code WHERE operator_id = $1 AND used_at IS NULL) AS recovery_codes_left,
    (SELECT min(linked_at) FROM operator_subject WHERE operator_id = $1) AS linked_since
"""


async def standing(operator_id: int) -> Standing:
    """What the operator has."""
    row = await db.fetchrow(_STANDING, operator_id)
    assert row is not None
    return Standing(**row)


_HAS_CODES = "SELECT EXISTS (SELECT FROM operator_recovery_code WHERE operator_id = $1)"


async def first_recovery_codes(operator_id: int) -> tuple[str, ...]:
    """Recovery codes for who has none yet; nothing for who was shown theirs. Part of the caller's transaction."""
    if await db.fetchval(_HAS_CODES, operator_id):
        return ()
    return await _new_codes(operator_id)


async def new_recovery_codes(operator_id: int) -> tuple[str, ...]:
    """Ten new recovery codes, shown once; those before are good no more.

    Raises:
        NoSuchSecondFactor: there is nothing to recover from.
    """
    async with db.transaction():
        await one_at_a_time(operator_id)
        if not await kinds(operator_id):
            raise NoSuchSecondFactor
        return await _new_codes(operator_id)


_ADD = """
INSERT INTO operator_recovery_code (operator_id, code_hash, created_at) SELECT $1, hash, $3 FROM unnest($2::text[]) AS hash
"""


async def _new_codes(operator_id: int) -> tuple[str, ...]:
    codes = tuple(_code() for _ in range(RECOVERY_CODES))
    await db.execute(_FORGET_CODES, operator_id)
    await db.execute(_ADD, operator_id, [_hash(operator_id, code) for code in codes], clock.now())
    return codes


_FORGET_CODES = "DELETE FROM operator_recovery_code WHERE operator_id = $1"


async def forget_codes_without_factor(operator_id: int, *, even_if_last: bool) -> None:
    """Drops the recovery codes of who has no second factor any more, since one was taken away. Part of the caller's transaction.

    Raises:
        LastSecondFactor: it was the last, and ``even_if_last`` was not said.
    """
    if await kinds(operator_id):
        return
    if not even_if_last:
        raise LastSecondFactor
    await db.execute(_FORGET_CODES, operator_id)


async def reset(operator_id: int) -> None:
    """Takes all second factors away from who has lost them: they sign in with their password, and get new ones."""
    async with db.transaction():
        await one_at_a_time(operator_id)
        await db.execute("DELETE FROM operator_totp WHERE operator_id = $1", operator_id)
        await db.execute("DELETE FROM operator_passkey WHERE operator_id = $1", operator_id)
        await db.execute(_FORGET_CODES, operator_id)


def _step_of(secret: str, code: str) -> int | None:
    """The step of time whose code this is, if it is one of now."""
    totp, plain = pyotp.TOTP(secret, interval=_STEP_S), _plain(code)
    now = int(clock.now().timestamp()) // _STEP_S
    found = None
    for step in range(now - _STEPS_AROUND, now + _STEPS_AROUND + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), plain.encode()):
            found = step
    return found


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()


def _code() -> str:
    text = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    return "-".join(text[at : at + 4] for at in range(0, _CODE_LENGTH, 4))


def _hash(operator_id: int, code: str) -> str:
    """Of 79 random bits, which nobody finds by trying."""
    return hashlib.sha256(f"{operator_id}:{_plain(code)}".encode()).hexdigest()


def _kept(secret: str) -> str:
    """A secret as it stands in its column."""
    return sealed.seal(secret, _COLUMN)


def _shown(kept: str) -> str:
    """A secret from its column."""
    return sealed.opened(kept, _COLUMN)
