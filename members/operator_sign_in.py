"""Operators signing in: by password, and by a second factor where they have one; and showing again who they are.

Whoever gives a wrong answer is told no more than that, after the same time, whether or not there is such a login. Every try is written down.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from core import db, errors
from members import (
    operator_sessions,
    operators,
    passwords,
    second_factors,
    sign_in_attempts,
    sign_in_challenges,
    sign_in_limits,
)
from members.operators import Operator
from members.sign_in_attempts import Origin, Way

HERE = Origin()
"""Where nobody says from where they come."""

SignInRests = sign_in_limits.SignInRests
SignInOver = sign_in_challenges.SignInOver
SessionOver = operator_sessions.SessionOver
WrongSecondFactor = second_factors.WrongSecondFactor


class WrongLogin(errors.Unauthenticated):
    """The login or the password is wrong."""

    code = "wrong_login"


class OtherProofNeeded(errors.Invalid):
    """Who has a second factor shows it again, not the password; who has none gives the password."""

    code = "other_proof_needed"


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in operator; ``token`` is shown once and kept only as a hash."""

    token: str = field(repr=False)
    expires_at: datetime
    operator: Operator


@dataclass(frozen=True, slots=True)
class SecondFactorWanted:
    """The password was right; ``challenge`` comes back with a code or a passkey within minutes."""

    challenge: str = field(repr=False)
    ends_at: datetime
    kinds: tuple[second_factors.Kind, ...]


_FIND = "SELECT id, login, name, password_hash FROM operator WHERE login = $1 AND state = 'active'"


async def sign_in(login: str, password: str, *, origin: Origin = HERE) -> Session | SecondFactorWanted:
    """Opens a session, or asks for the second factor of who has one.

    Raises:
        WrongLogin: no such operator, or another password; it does not say which.
        SignInRests: it failed too often.
        SignInOver: the operator was let go meanwhile, or has another password by now.
    """
    who, hashed, spent = await _password(login, password, origin)
    return await admitted(who, spent, way="password", origin=origin, password_hash=hashed)


async def check_password(login: str, password: str, *, origin: Origin = HERE) -> Operator:
    """The active operator of this login and password.

    Raises:
        WrongLogin: no such operator, or another password; it does not say which.
        SignInRests: it failed too often.
    """
    who, _, spent = await _password(login, password, origin)
    await sign_in_limits.succeed(spent)
    return who


async def _password(login: str, password: str, origin: Origin) -> tuple[Operator, str, sign_in_limits.Try]:
    row = await db.fetchrow(_FIND, login)
    whose = row["id"] if row else None
    try:
        spent = await spend(login, whose, "password", origin)
    except SignInRests:
        await passwords.is_right(None, password)  # nor does the time say that the password was not looked at
        raise
    good = await passwords.is_right(row["password_hash"] if row else None, password)
    if row is None or not good:
        await sign_in_attempts.note(whose, "password", WrongLogin.code, origin)
        raise WrongLogin
    return Operator(row["id"], row["login"], row["name"]), row["password_hash"], spent


async def spend(login: str, whose: int | None, way: Way, origin: Origin) -> sign_in_limits.Try:
    """Counts a try to sign in.

    Raises:
        SignInRests: it failed too often.
    """
    try:
        return await sign_in_limits.spend(login, origin)
    except SignInRests as refusal:
        await sign_in_attempts.note(whose, way, refusal.code, origin)
        raise


async def admitted(
    who: Operator,
    spent: sign_in_limits.Try | None,
    *,
    way: Way,
    origin: Origin,
    password_hash: str | None = None,
) -> Session | SecondFactorWanted:
    """What follows from a first proof: a session, or the question for the second. ``spent``: the try that was counted for it, if one was;
    ``password_hash``: of the password that was the proof.

    Raises:
        SignInOver: the operator was let go meanwhile, or has another password by now.
    """
    try:
        async with db.transaction():
            if await operators.still(who.id, password_hash=password_hash) is None:
                raise SignInOver
            found = await _next(who, way, origin)
    except SignInOver as refusal:
        await sign_in_attempts.note(who.id, way, refusal.code, origin)
        raise
    if spent is not None:
        await (sign_in_limits.succeed if isinstance(found, Session) else sign_in_limits.give_back)(spent)
    return found


async def _next(who: Operator, way: Way, origin: Origin) -> Session | SecondFactorWanted:
    kinds = await second_factors.kinds(who.id)
    if not kinds:
        return await opened(who, way, origin)
    made = await sign_in_challenges.make("second_factor", who.id, origin)
    await sign_in_attempts.note(who.id, way, "half", origin)
    return SecondFactorWanted(made.token, made.ends_at, kinds)


async def opened(who: Operator, way: Way, origin: Origin) -> Session:
    """The session of somebody who has shown all that is asked of them, written down. Part of the caller's transaction."""
    made = await operator_sessions.open_for(who.id, origin)
    await sign_in_attempts.note(who.id, way, "done", origin)
    return Session(made.token, made.expires_at, who)


async def second(challenge: str, code: str, *, origin: Origin = HERE) -> Session:
    """The second step: a code of the authenticator app, or a recovery code.

    Raises:
        SignInOver: the challenge is not (or no longer) good; begin again.
        WrongSecondFactor, SignInRests.
    """
    found = await sign_in_challenges.tried("second_factor", challenge, origin)
    assert found.operator_id is not None and found.login is not None, "asked of somebody"
    way = way_of(code)
    spent = await spend(found.login, found.operator_id, way, origin)
    try:
        async with db.transaction():
            who = await operators.still(found.operator_id)
            if who is None:
                raise SignInOver
            await second_factors.use_code(who.id, code)
            await sign_in_challenges.use(found)
            session = await opened(who, way, origin)
    except (WrongSecondFactor, SignInOver) as refusal:
        await sign_in_attempts.note(found.operator_id, way, refusal.code, origin)
        raise
    await sign_in_limits.succeed(spent)
    return session


async def show_again(
    who: operators.OnDuty,
    token: str,
    *,
    password: str | None = None,
    code: str | None = None,
    origin: Origin = HERE,
) -> Session:
    """Somebody who is signed in shows again who they are: by a code where they have a second factor, else by their password. Their
    session is fresh from now on and has another token; the one before is good no more.

    Raises:
        OtherProofNeeded, WrongLogin, WrongSecondFactor, SignInRests.
        SessionOver: it ended, or another request of it was first.
    """
    if (code is None) == who.has_second_factor or (password is None) == (code is None):
        raise OtherProofNeeded
    way: Way = "password" if code is None else way_of(code)
    if code is None:
        await check_password(who.login, password or "", origin=origin)
        return await renewed(who, token, way, origin)
    return await _code_again(who, token, code, origin)


async def _code_again(who: operators.OnDuty, token: str, code: str, origin: Origin) -> Session:
    way = way_of(code)
    spent = await spend(who.login, who.id, way, origin)
    try:
        async with db.transaction():
            await operators.still(who.id)
            await second_factors.use_code(who.id, code)
            session = await renewed(who, token, way, origin)
    except WrongSecondFactor as refusal:
        await sign_in_attempts.note(who.id, way, refusal.code, origin)
        raise
    await sign_in_limits.succeed(spent)
    return session


async def renewed(who: operators.OnDuty, token: str, way: Way, origin: Origin) -> Session:
    """The session of somebody who has shown again who they are, with another token, written down. Part of the caller's transaction, if any.

    Raises:
        SessionOver: it ended, or another request of it was first.
    """
    async with db.transaction():
        made = await operator_sessions.renew(who.session_id, token)
        await sign_in_attempts.note(who.id, way, "again", origin)
    return Session(made.token, made.expires_at, Operator(who.id, who.login, who.name))


async def sign_out(who: operators.OnDuty) -> None:
    """Ends the session at once, whatever token it has by now; again is harmless."""
    try:
        await operator_sessions.end(who.id, who.session_id)
    except operator_sessions.NoSuchSession:
        return


def way_of(code: str) -> Way:
    """How tries by this code are written down."""
    return "recovery_code" if second_factors.is_recovery_code(code) else "code"
