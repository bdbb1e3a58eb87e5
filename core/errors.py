"""Refusals: what a rule says when it will not do what was asked.

A refusal is a subclass of one of the five kinds, written beside its rule, with a stable ``code``. Doors translate the kind
(HTTP status, chat sentence, log level); nobody parses messages. The sentences stand in ``core/words/<locale>/errors.toml``
under the code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from core import words


class DomainError(Exception):
    """A refusal with a stable code and the parameters its sentences need.

    Raise one of the kinds below, never this class itself.
    """

    code: ClassVar[str] = ""
    said_by: ClassVar[Mapping[str, str]] = {}
    """Parameters that are codes themselves, and the table of the catalogues in which what each says stands."""

    def __init__(self, **params: Any) -> None:
        super().__init__(self.code, params)
        self.params = params

    def sentence(self, locale: str = words.DEFAULT_LOCALE) -> str:
        """The refusal as a sentence for a person, in ``zh-CN`` or ``en``."""
        said = {
            name: words.say(f"{table}.{self.params[name]}", locale) for name, table in self.said_by.items()
        }
        return words.say(f"errors.{self.code}", locale, **{**self.params, **said})

    def __str__(self) -> str:
        return self.sentence("en")


class NotFound(DomainError):
    """What was named does not exist, or is not the caller's to see."""

    code = "not_found"


class Invalid(DomainError):
    """The request itself is wrong; repeating it unchanged cannot succeed."""

    code = "invalid_request"


class Conflict(DomainError):
    """The request is fine, the present state forbids it."""

    code = "conflict"


class ChangedMeanwhile(Conflict):
    """What is to be changed is not what was looked at any more. ``params``: ``now``, what it is; ``operator_name`` and ``changed_at``, who made
    it so, and when, or None where that is not known."""

    code = "changed_meanwhile"


class Forbidden(DomainError):
    """The caller may not do this."""

    code = "forbidden"


class Unauthenticated(Forbidden):
    """Nobody is signed in, or the token is not (or no longer) good."""

    code = "unauthenticated"


class Unavailable(DomainError):
    """Something we depend on does not answer now; try again later."""

    code = "unavailable"


def all_refusals() -> Iterator[type[DomainError]]:
    """Every refusal class that has been imported, kinds included; for documents and tests."""
    waiting: list[type[DomainError]] = list(DomainError.__subclasses__())
    while waiting:
        found = waiting.pop()
        waiting.extend(found.__subclasses__())
        yield found
