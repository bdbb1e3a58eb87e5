"""One product: its pictures, what each SKU costs whom and how much of it there is where, whether it is on the shelf, and how it gets there."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from console import forms, lists
from console.request import LOCALE, ask, caller, console, eyes, may, page, telling
from console.showing import IMAGES
from core.http.calling import Asked

_OWN_PLACE = frozenset({"product_images_add", "product_images_put_order"})
"""What the page has a place of its own for."""
_TABLES = ("product_tables_take", "product_tables_as_csv", "product_tables_as_xlsx")


def add_to(door: web.Application) -> None:
    """Adds the page."""
    door.router.add_get("/products/{product_id:[0-9]+}", _product)


async def _product(request: web.Request) -> web.StreamResponse:
    given = {"product_id": request.match_info["product_id"]}
    places, tell = console(request).places, telling(request, "product")
    place = places.all["products_one"]
    product = await ask(request, "products_one", Asked(path=given))
    deeds = [one for one in places.deeds(place) if may(request, one) and one.name not in _OWN_PLACE]
    back = {"back": request.path}
    return page(
        request,
        "product.jinja",
        title=product.name,
        named=product.code or f"#{product.id}",
        tell=tell,
        look=eyes(request, place, given),
        product=product,
        categories=await _categories(request, product),
        crumbs=lists.crumbs(request, place, given),
        deeds=[forms.Deed.of(one, one.address(given, back), request[LOCALE]) for one in deeds],
        files=[],
        shelf=_do(request, "products_change", given),
        pictures=await _pictures(request, given),
        add_picture=_do(request, "product_images_add", given),
        key=secrets.token_hex(16),
        skus=await _skus(request, product),
        stores=await _stores(request),
        tables=[
            (one.title(request[LOCALE]), one.address({}), one.route.file is not None)
            for one in (places.all[name] for name in _TABLES)
            if may(request, one)
        ],
    )


def _do(request: web.Request, name: str, parts: Mapping[str, object]) -> str | None:
    """Where a form of this page is sent, for who may; it leads back here."""
    place = console(request).places.all[name]
    return place.address(parts, {"back": request.path, "then": "back"}) if may(request, place) else None


async def _categories(request: web.Request, product: Any) -> list[str]:
    names = {one.id: one.name for one in (await ask(request, "categories_listing")).items}
    return [names.get(one, f"#{one}") for one in product.category_ids]


async def _stores(request: web.Request) -> list[tuple[str, str]]:
    """The stores whose stock is the operator's to count; "" is the shop itself."""
    theirs = caller(request).stores("stock.change")
    own = [("", telling(request, "product")("shops_own"))] if theirs is None else []
    return own + [
        (code, name) for code, name in (await _named(request)).items() if theirs is None or code in theirs
    ]


async def _named(request: web.Request) -> dict[str, str]:
    if not may(request, console(request).places.all["stores_listing"]):
        return {}
    return {one.code: one.name for one in (await ask(request, "stores_listing")).items}


async def _pictures(request: web.Request, given: Mapping[str, str]) -> list[dict[str, Any]]:
    """The pictures in their order, each with what can be done with it: moved, described, removed."""
    images = (await ask(request, "product_images_listing", Asked(path=given))).items
    ids = [one.id for one in images]
    return [
        {
            "id": one.id,
            "src": f"{IMAGES}/{one.key}/small",
            "alt": one.alt,
            "moves": [(way, order) for way, order in _moves(ids, at)],
            "order": _do(request, "product_images_put_order", given),
            "describe": _do(request, "product_images_describe", {**given, "image_id": one.id}),
            "remove": _do(request, "product_images_remove", {**given, "image_id": one.id}),
        }
        for at, one in enumerate(images)
    ]


def _moves(ids: Sequence[int], at: int) -> list[tuple[str, str]]:
    """The order of all pictures with this one a place earlier, and a place later; where it cannot go there is none."""
    found = []
    for way, other in (("earlier", at - 1), ("later", at + 1)):
        if 0 <= other < len(ids):
            order = list(ids)
            order[at], order[other] = order[other], order[at]
            found.append((way, ",".join(map(str, order))))
    return found


async def _skus(request: web.Request, product: Any) -> list[dict[str, Any]]:
    """The SKUs on sale with what every store has of them, and the special prices that hold or will."""
    path = {"product_id": str(product.id)}
    levels = (await ask(request, "stock_of_product", Asked(path=path))).items
    rules = (await ask(request, "price_rules_of_product", Asked(path=path))).items
    stores, tiers = await _named(request), await _tiers(request)
    return [
        {
            "sku": sku,
            "levels": [
                {
                    "level": one,
                    "store": _store(request, one.store, stores),
                    "is_low": one.low_at is not None and one.available <= one.low_at,
                }
                for one in levels
                if one.sku_id == sku.id
            ],
            "rules": [
                (
                    one,
                    tiers.get(one.tier or "", one.tier),
                    stores.get(one.store or "", one.store),
                    _do(request, "price_rules_end", {"rule_id": one.id}),
                )
                for one in rules
                if one.sku_id == sku.id
            ],
            **_of_sku(request, sku),
        }
        for sku in product.skus
    ]


def _store(request: web.Request, code: str | None, names: Mapping[str, str]) -> str:
    return telling(request, "product")("shops_own") if code is None else names.get(code, code)


async def _tiers(request: web.Request) -> dict[str, str]:
    if not may(request, console(request).places.all["tiers_listing"]):
        return {}
    found = (await ask(request, "tiers_listing")).items
    return {one.code: one.name_zh if request[LOCALE] == "zh-CN" else one.name_en for one in found}


def _of_sku(request: web.Request, sku: Any) -> dict[str, Any]:
    path = {"sku_id": sku.id}
    movements = console(request).places.all["stock_movements"]
    return {
        "change": _do(request, "products_change_sku", path),
        "stock": _do(request, "stock_change", path),
        "add_rule": _do(request, "price_rules_add", path),
        "movements": movements.address(path) if may(request, movements) else None,
        "key": secrets.token_hex(16),
    }
