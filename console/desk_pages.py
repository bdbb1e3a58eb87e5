"""The pages written by hand for who works at the counter, in the store room and in the kitchen, and what hangs in the shop."""

from __future__ import annotations

from aiohttp import web

from console import counter, customer, kitchen, menus, order, picking, product, scenes


def add_to(door: web.Application) -> None:
    """Adds them; they stand before the generated pages of the same addresses."""
    for pages in (picking, counter, customer, order, kitchen, product, scenes, menus):
        pages.add_to(door)
