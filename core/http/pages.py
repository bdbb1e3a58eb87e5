"""Lists in pages: a cursor names the last row seen, so that rows written meanwhile neither repeat nor hide others."""

import base64
import binascii
import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar, cast

import pydantic
import pydantic_core
from pydantic import Field

from core import sorting
from core.http import fields, problems

T = TypeVar("T")

SORT = "按哪个字段排序，前面加 - 为从大到小；不填则为列表自己的顺序 · by which field it is sorted, with - before it the largest first"
_MARK_BYTES = 4
_MAX_CURSOR = 512


class Page(fields.Answer, Generic[T]):
    """One page of a list; ``next_cursor`` is None on the last one."""

    items: list[T]
    next_cursor: str | None = Field(
        default=None, description="下一页的游标 · pass as `cursor` for the next page"
    )


class PageQuery(fields.Query):
    """Which page of a list is wanted. Lists with filters subclass it."""

    cursor: Annotated[
        Annotated[str, Field(max_length=_MAX_CURSOR)] | None,
        Field(description="上一页的 next_cursor · next_cursor of the page before"),
    ] = None
    limit: Annotated[int, Field(ge=1, le=100, description="每页条数 · rows per page")] = 20

    def after(self, position: type[T]) -> T | None:
        """Where the page begins, as the type the list's position has (``after(int)``, ``after(tuple[datetime, int])``).

        Raises:
            InvalidCursor: the cursor was not made by ``cut`` with such a position.
        """
        return None if self.cursor is None else position_of(self.cursor, position)


class SortedQuery(PageQuery):
    """Which page is wanted of a list that can be sorted. Those that subclass it say by what: ``sort: Literal["name", "-name"] | None``."""

    sort: str | None = None

    def chosen(self) -> sorting.Sort | None:
        """The order that is asked for, and where the page begins in it; None: the list's own.

        Raises:
            InvalidCursor: the cursor was not made by ``cut_sorted`` in this order.
        """
        if self.sort is None:
            return None
        found = self.after(tuple[str, int, int])
        if found is not None and found[0] != self.sort:
            raise problems.InvalidCursor
        return sorting.Sort(self.sort, found and found[1:])


@dataclass(frozen=True, slots=True)
class Cut(Generic[T]):
    """Rows of one page; the kit turns it into the ``Page[...]`` the route answers with."""

    items: Sequence[T]
    next_cursor: str | None


def cut(rows: Sequence[T], query: PageQuery, position: Callable[[T], Any]) -> Cut[T]:
    """Cuts a page from ``query.limit + 1`` rows: the row too many says that there is a next page.

    ``position`` gives the part of a row that the next page continues after, e.g. ``lambda row: row.id``.
    """
    if len(rows) <= query.limit:
        return Cut(rows, None)
    kept = rows[: query.limit]
    return Cut(kept, cursor_at(position(kept[-1])))


def cut_sorted(rows: Sequence[T], query: SortedQuery, value: Callable[[T, str], int]) -> Cut[T]:
    """The same of a list that can be sorted. ``value`` gives what a row has in the field it is sorted by. Rows have an ``id``."""
    sort = query.sort
    if sort is None:
        return cut(rows, query, lambda row: cast("Any", row).id)
    by = sort.removeprefix("-")
    return cut(rows, query, lambda row: (sort, value(row, by), cast("Any", row).id))


def cursor_at(position: Any) -> str:
    """A cursor that continues after this position: base64url of JSON behind a short mark that catches changed cursors."""
    text = pydantic_core.to_json(position)
    return base64.urlsafe_b64encode(_mark(text) + text).rstrip(b"=").decode("ascii")


def position_of(cursor: str, position: type[T]) -> T:
    """The position a cursor was made from.

    Raises:
        InvalidCursor: changed, cut short, from another list, or never ours.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise problems.InvalidCursor from None
    mark, text = raw[:_MARK_BYTES], raw[_MARK_BYTES:]
    # The mark is no secret and no protection: a position only filters rows the caller may read anyway.
    if mark != _mark(text) or b"\\u0000" in text:
        raise problems.InvalidCursor
    reader: pydantic.TypeAdapter[Any] = _reader(cast("Any", position))
    try:
        found = reader.validate_json(text)
    except pydantic.ValidationError:
        raise problems.InvalidCursor from None
    if not _in_bigint(found):
        raise problems.InvalidCursor
    return cast("T", found)


def _mark(text: bytes) -> bytes:
    return hashlib.blake2s(text, digest_size=_MARK_BYTES, person=b"cursor").digest()


@functools.lru_cache(maxsize=256)
def _reader(position: Any) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(position)


def _in_bigint(found: Any) -> bool:
    if isinstance(found, int):
        return -fields.MAX_BIGINT <= found <= fields.MAX_BIGINT
    return all(map(_in_bigint, found)) if isinstance(found, tuple | list) else True
