"""Operators' passwords: which are good enough, what is kept of them, and whether one is right."""

from __future__ import annotations

import asyncio
import secrets

import argon2
import zxcvbn

from core import errors

LEAST = 10
_LONGEST_ASSESSED = 72
_LEAST_SCORE = 3
"""Of 0 to 4: found in no fewer than 10^8 guesses."""
_SHORTEST_NAME = 3
"""A shorter login or name is part of too many passwords by chance."""
_TRIED_HERE = ["woaini", "5201314", "1314520", "1314521", "zhangsan", "lisi", "wangwei", "yucun", "prepaid", "beijing", "shanghai", "admin"]  # fmt: skip
"""What is tried first here and zxcvbn's lists, which are made of English leaks, do not have."""

_hasher = argon2.PasswordHasher()
_NOBODY = _hasher.hash(secrets.token_hex(16))
"""Verified against when the login is unknown, so that the answer takes as long."""


class PasswordTooShort(errors.Invalid):
    """An operator's password has at least ten characters."""

    code = "password_too_short"


class PasswordTooEasy(errors.Invalid):
    """It is one of those that are tried first, or little more than one."""

    code = "password_too_easy"


class PasswordNamesOperator(errors.Invalid):
    """It has the operator's login or name in it."""

    code = "password_names_operator"


async def hash_of(password: str, *, login: str, name: str) -> str:
    """What is kept of a password of this operator.

    Raises:
        PasswordTooShort: fewer than ten characters.
        PasswordNamesOperator, PasswordTooEasy.
    """
    if len(password) < LEAST:
        raise PasswordTooShort(least=LEAST)
    folded = password.casefold()
    if any(len(own) >= _SHORTEST_NAME and own.casefold() in folded for own in (login, name)):
        raise PasswordNamesOperator
    if await asyncio.to_thread(_score, password, [login, name]) < _LEAST_SCORE:
        raise PasswordTooEasy
    return await asyncio.to_thread(_hasher.hash, password)


async def nobodys() -> str:
    """What is kept where there is no password: of one that nobody knows."""
    return await asyncio.to_thread(_hasher.hash, secrets.token_urlsafe(32))


async def is_right(hashed: str | None, password: str) -> bool:
    """Whether a password is the one this was kept of. With None it is not, which takes as long to say."""
    good = await asyncio.to_thread(_verified, hashed or _NOBODY, password)
    return good and hashed is not None


def _score(password: str, own: list[str]) -> int:
    found = zxcvbn.zxcvbn(password[:_LONGEST_ASSESSED], user_inputs=[*own, *_TRIED_HERE])
    return int(found["score"])


def _verified(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except argon2.exceptions.Argon2Error:
        return False
