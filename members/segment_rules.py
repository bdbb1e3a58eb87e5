"""The language of segments: a closed set of conditions, joined by all, any and not, compiled to one SQL condition with parameters.

Nothing a person writes becomes SQL: a condition is one of the classes below, and what it holds goes in as parameters.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from core import clock, errors
from ledger import accounts

DEPTH_MOST, CONDITIONS_MOST = 5, 30
Days = Annotated[int, Field(ge=1, le=3660)]
Fen = Annotated[int, Field(ge=0, le=10**12)]
Points = Annotated[int, Field(ge=0, le=10**12)]
Code = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9_-]+$")]


class RuleWrong(errors.Invalid):
    """A rule has at most so many conditions in so many layers, and a range that begins before it ends."""

    code = "segment_rule_wrong"


class Parameters:
    """The values of a statement, numbered as they come after those it has already."""

    def __init__(self, before: int = 0) -> None:
        self._before = before
        self.values: list[Any] = []

    def add(self, value: Any, kind: str) -> str:
        """The place of a value in the statement."""
        self.values.append(value)
        return f"${self._before + len(self.values)}::{kind}"


class _Condition(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Range(_Condition):
    """From the least to the most, both included; one may be left out."""

    @model_validator(mode="after")
    def _whole(self) -> _Range:
        least, most = self._ends()
        if (least is None and most is None) or (least is not None and most is not None and least > most):
            raise ValueError("a range has an end, and begins before it ends")
        return self

    @abstractmethod
    def _ends(self) -> tuple[int | None, int | None]:
        """The least and the most."""

    def _between(self, amount: str, put: Parameters) -> str:
        least, most = self._ends()
        parts = [f"{amount} >= {put.add(least, 'bigint')}"] if least is not None else []
        if most is not None:
            parts.append(f"{amount} <= {put.add(most, 'bigint')}")
        return f"({' AND '.join(parts)})"


class _FenRange(_Range):
    least_fen: Fen | None = None
    most_fen: Fen | None = None

    def _ends(self) -> tuple[int | None, int | None]:
        return self.least_fen, self.most_fen


class OfTier(_Condition):
    """Has one of these tiers."""

    what: Literal["tier"]
    codes: Annotated[list[Code], Field(min_length=1, max_length=20)]

    def sql(self, put: Parameters) -> str:
        return f"(c.tier IS NOT NULL AND c.tier = ANY ({put.add(self.codes, 'text[]')}))"


class Spent(_FenRange):
    """Has spent so much within so many days, less what came back."""

    what: Literal["spent"]
    days: Days

    def sql(self, put: Parameters) -> str:
        begins = put.add(clock.now() - timedelta(days=self.days), "timestamptz")
        amount = f"(SELECT coalesce(sum(s.amount_fen), 0) FROM spending s WHERE s.customer_id = c.id AND s.at > {begins})"
        return self._between(amount, put)


class LastSpent(_Condition):
    """Paid for something within so many days."""

    what: Literal["last_spent"]
    days: Days

    def sql(self, put: Parameters) -> str:
        begins = put.add(clock.now() - timedelta(days=self.days), "timestamptz")
        return f"EXISTS (SELECT FROM spending s WHERE s.customer_id = c.id AND s.amount_fen > 0 AND s.at > {begins})"


class OfBalance(_FenRange):
    """Has so much on the account, principal and bonus together."""

    what: Literal["balance"]

    def sql(self, put: Parameters) -> str:
        amount = f"(SELECT a.principal_fen + a.bonus_fen FROM {accounts.balance_sql('c.id')} a)"
        return self._between(amount, put)


class OfPoints(_Range):
    """Has so many points."""

    what: Literal["points"]
    least: Points | None = None
    most: Points | None = None

    def _ends(self) -> tuple[int | None, int | None]:
        return self.least, self.most

    def sql(self, put: Parameters) -> str:
        return self._between(
            "coalesce((SELECT p.points FROM points_account p WHERE p.customer_id = c.id), 0)", put
        )


class Tagged(_Condition):
    """Has a tag."""

    what: Literal["tag"]
    tag_id: Annotated[int, Field(ge=1, le=2**62)]

    def sql(self, put: Parameters) -> str:
        tag = put.add(self.tag_id, "bigint")
        return f"EXISTS (SELECT FROM customer_tag g WHERE g.customer_id = c.id AND g.tag_id = {tag})"


class Birthday(_Condition):
    """Was born in one of these months; none named: in the present one."""

    what: Literal["birthday"]
    months: Annotated[list[Annotated[int, Field(ge=1, le=12)]], Field(max_length=12)] = []

    def sql(self, put: Parameters) -> str:
        months = put.add(self.months or [clock.today().month], "int[]")
        return f"(c.birthday IS NOT NULL AND extract(month FROM c.birthday)::int = ANY ({months}))"


class Joined(_Condition):
    """Came within so many days."""

    what: Literal["joined"]
    days: Days

    def sql(self, put: Parameters) -> str:
        return f"c.created_at > {put.add(clock.now() - timedelta(days=self.days), 'timestamptz')}"


class _Joining(_Condition):
    of: Annotated[list[Rule], Field(min_length=1, max_length=10)]
    _word: ClassVar[str]

    def sql(self, put: Parameters) -> str:
        return f"({self._word.join(one.sql(put) for one in self.of)})"


class All(_Joining):
    """All of these hold."""

    what: Literal["all"]
    _word: ClassVar[str] = " AND "


class AnyOf(_Joining):
    """At least one of these holds."""

    what: Literal["any"]
    _word: ClassVar[str] = " OR "


class Not(_Condition):
    """This does not hold."""

    what: Literal["not"]
    of: Rule

    def sql(self, put: Parameters) -> str:
        return f"(({self.of.sql(put)}) IS NOT TRUE)"


Rule = Annotated[
    OfTier | Spent | LastSpent | OfBalance | OfPoints | Tagged | Birthday | Joined | All | AnyOf | Not,
    Field(discriminator="what"),
]
for _joining in (All, AnyOf, Not):
    _joining.model_rebuild()
_READER: TypeAdapter[Rule] = TypeAdapter(Rule)


def read(kept: Any) -> Rule:
    """A rule as it was kept."""
    return _READER.validate_python(kept)


def check(rule: Rule) -> None:
    """Refuses what is too large to be asked of many customers.

    Raises:
        RuleWrong.
    """
    depth, count = _size(rule)
    if depth > DEPTH_MOST or count > CONDITIONS_MOST:
        raise RuleWrong(depth=DEPTH_MOST, conditions=CONDITIONS_MOST)


def _size(rule: Rule) -> tuple[int, int]:
    inner: Sequence[Rule] = (
        rule.of if isinstance(rule, _Joining) else [rule.of] if isinstance(rule, Not) else []
    )
    sizes = [_size(one) for one in inner]
    return 1 + max((depth for depth, _ in sizes), default=0), 1 + sum(count for _, count in sizes)
