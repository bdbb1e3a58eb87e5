"""The demo's shop: what a fresh database is given so that there is something to look at."""

from __future__ import annotations


async def load() -> None:
    """Writes the shop's products, packages, plans and operators, unless they are there already."""
