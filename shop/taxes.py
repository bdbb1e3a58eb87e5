"""Tax 税: how much of a price is tax, which prices include.

The rate stands with categories. A category that says none has that of the nearest one above it that does. A product in several
categories has the highest of theirs, as the law takes the higher rate of what is not kept apart (从高适用税率); one that no category
says anything of has the shop's own, as freight has.
"""

from __future__ import annotations

from shop import categories

MAX_PERCENT = 30


def included(amount_fen: int, percent: int) -> int:
    """How much of an amount is tax at this rate. What is without tax is rounded to the fen, half a fen up, and the rest is tax: both
    together are the amount."""
    return amount_fen - (amount_fen * 200 + 100 + percent) // (2 * (100 + percent))


_CHAIN = range(1, categories.MAX_DEPTH + 1)


def percent_of(product: str) -> str:
    """SQL of the rate that the categories of a product (its name in a statement) say, null where none says one."""
    said = ", ".join(f"tax{n}.tax_percent" for n in _CHAIN)
    above = " ".join(
        f"LEFT JOIN category tax{n + 1} ON tax{n + 1}.id = tax{n}.parent_id" for n in _CHAIN[:-1]
    )
    return (
        f"(SELECT max(coalesce({said})) FROM product_category taxed JOIN category tax1 ON tax1.id = taxed.category_id {above}"
        f" WHERE taxed.product_id = {product}.id)"
    )
