"""Finding products on the shelf: by words, category and price, in one of four orders, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from core import clock
from shop import search_words, shelf

Order = Literal["newest", "sales", "cheapest", "dearest"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. ``words``: each of them is in the name (as written, in pinyin, by its initials) or begins a number of the
    product. ``category_id``: it stands there or within. The amounts are about the lowest list price. None does not limit."""

    words: str | None = None
    category_id: int | None = None
    from_fen: int | None = None
    until_fen: int | None = None
    order: Order = "newest"


_FOUND = shelf.shown_of(
    "catalogue_page($1, $2::text::tsquery, $3, $4, $5, $6::bigint[], $7)",
    customer="$8::bigint",
    store="$9::bigint",
    now="$10::timestamptz",
)


async def find(
    wanted: Wanted, looking: shelf.Looking, *, after: tuple[int, int] | None = None, limit: int = 20
) -> list[shelf.Product]:
    """A page of the products that are wanted; ``after`` is where the page before ended (``place``)."""
    asked = statement(wanted, looking, after=after, limit=limit)
    return [] if asked is None else await shelf.read(*asked)


def statement(
    wanted: Wanted, looking: shelf.Looking, *, after: tuple[int, int] | None, limit: int
) -> tuple[Any, ...] | None:
    """The statement of a page, with its arguments; None: nothing can be found."""
    words = None
    if search_words.is_asked(wanted.words) and (words := search_words.asked(wanted.words)) is None:
        return None  # nothing is called by punctuation alone
    return (
        _FOUND, wanted.order, words, wanted.category_id, wanted.from_fen, wanted.until_fen, after, limit,
        looking.customer_id, looking.store_id, clock.now(),
    )  # fmt: skip


def place(product: shelf.Product, order: Order) -> tuple[int, int]:
    """Where a product stands in an order."""
    first = {
        "newest": 0,
        "sales": product.sold,
        "cheapest": product.lowest_fen,
        "dearest": product.lowest_fen,
    }[order]
    return (first or 0, product.id)
