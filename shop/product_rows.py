"""Rows of a table of products, read: a row a SKU, those of one product code are one product."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from core import money, words
from core.sheets import reading

COLUMNS = (
    "product_code", "name", "description", "categories", "state", "sku_name", "specs", "sku_code", "barcode", "price", "weight", "stock",
)  # fmt: skip
BETWEEN = ";"
MAX_WEIGHT_G = MAX_STOCK = 1_000_000
_CODE, _BARCODE = re.compile(r"[\x21-\x7e]{1,40}"), re.compile(r"[0-9A-Za-z-]{1,32}")
_OWN_OR_ID = re.compile(r"[\x21\x22\x24-\x7e][\x21-\x7e]{0,39}|#[1-9][0-9]{0,17}")
_BY_ID = re.compile(r"#[1-9][0-9]{0,17}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_PARTS = re.compile("[;；]")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a cell."""

    row: int
    column: str
    kind: str
    params: dict[str, Any] = field(default_factory=dict)

    def sentence(self, locale: str) -> str:
        """What is wrong, for people."""
        return words.say(f"catalogue.fault.{self.kind}", locale, **self.params)


@dataclass(slots=True)
class SkuRow:
    """A SKU as a row has it; None: the row does not say."""

    row: int
    name: str | None
    specs: dict[str, str]
    code: str | None
    barcode: str | None
    price_fen: int | None
    weight_g: int | None
    stock: int | None


@dataclass(slots=True)
class ProductRows:
    """A product as its rows have it."""

    row: int
    code: str
    name: str | None = None
    description: str | None = None
    categories: list[str] | None = None
    state: str | None = None
    skus: list[SkuRow] = field(default_factory=list)

    @property
    def is_by_id(self) -> bool:
        """Whether it is named as an export names a product without a code: ``#17``."""
        return _BY_ID.fullmatch(self.code) is not None


def titles() -> dict[str, str]:
    """What stands in the first row, in any language, and which column it is."""
    return {
        words.say(f"catalogue.column.{name}", locale): name for locale in words.LOCALES for name in COLUMNS
    }


class _Refused(Exception):
    pass


def read(rows: Iterable[reading.Row]) -> tuple[list[ProductRows], list[Fault]]:
    """The products of a table, in its order, and what is wrong with its cells."""
    named = titles()
    faults: list[Fault] = []
    products: dict[str, ProductRows] = {}
    for row in rows:
        cells = {named[title]: text for title, text in row.cells.items()}
        faults.extend(Fault(row.no, named[title], kind) for title, kind in row.broken.items())
        product, sku = _row(row.no, cells, faults)
        if product is None:
            continue
        known = products.setdefault(product.code, product)
        known.skus.append(sku)
        for name in ("name", "description", "categories", "state"):
            said, before = getattr(product, name), getattr(known, name)
            if before is None:
                setattr(known, name, said)
            elif said is not None and said != before:
                faults.append(Fault(row.no, name, "differs"))
    faults.extend(_twice(products.values()))
    return list(products.values()), faults


def _row(no: int, cells: dict[str, str], faults: list[Fault]) -> tuple[ProductRows | None, SkuRow]:
    def cell(column: str, parse: Callable[[str], Any], kind: str) -> Any:
        if (text := cells.get(column)) is None:
            return None
        try:
            return parse(text)
        except (_Refused, ValueError):
            faults.append(Fault(no, column, kind))
            return None

    sku = SkuRow(
        no,
        cell("sku_name", _text(60), "text"),
        cell("specs", _specs, "specs") or {},
        cell("sku_code", _fit(_CODE), "code"),
        cell("barcode", _fit(_BARCODE), "barcode"),
        cell("price", _amount, "amount"),
        cell("weight", _whole(MAX_WEIGHT_G), "number"),
        cell("stock", _whole(MAX_STOCK), "number"),
    )
    if "product_code" not in cells:
        faults.append(Fault(no, "product_code", "needed"))
        return None, sku
    code = cell("product_code", _fit(_OWN_OR_ID), "code")
    if code is None:
        return None, sku
    product = ProductRows(
        no,
        code,
        cell("name", _text(60), "text"),
        cell("description", _text(4_000), "text"),
        cell("categories", _names, "text"),
        cell("state", _state, "state"),
    )
    return product, sku


def _twice(products: Iterable[ProductRows]) -> Iterable[Fault]:
    """Rows that say the same SKU, code or barcode."""
    seen: dict[tuple[str, ...], int] = {}
    for product in products:
        for sku in product.skus:
            marks: list[tuple[str, ...]] = []
            if sku.code:
                marks.append(("sku_code", sku.code))
            if sku.barcode:
                marks.append(("barcode", sku.barcode))
            if sku.specs:
                marks.append(
                    ("specs", product.code, *(f"{axis}={value}" for axis, value in sorted(sku.specs.items())))
                )
            elif not sku.code:
                marks.append(("sku_name", product.code, sku.name or ""))
            for mark in marks:
                if (other := seen.setdefault(mark, sku.row)) != sku.row:
                    yield Fault(sku.row, mark[0], "twice", {"other": other})


def _text(longest: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if len(text) > longest or _CONTROL.search(text) or (longest <= 200 and re.search(r"[\t\n]", text)):
            raise _Refused
        return text

    return parse


def _fit(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if pattern.fullmatch(text) is None:
            raise _Refused
        return text

    return parse


def _whole(most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or len(text) > 9 or int(text) > most:
            raise _Refused
        return int(text)

    return parse


def _amount(text: str) -> int:
    fen = money.fen_from_yuan(text.replace(",", "").removeprefix("¥").removeprefix("￥"))
    if not 0 < fen <= money.MAX_FEN:
        raise _Refused
    return fen


def _state(text: str) -> str:
    for state in ("on_shelf", "off_shelf"):
        if text in (state, *(words.say(f"catalogue.state.{state}", locale) for locale in words.LOCALES)):
            return state
    raise _Refused


def _names(text: str) -> list[str]:
    return sorted({_text(200)(part.strip()) for part in _PARTS.split(text) if part.strip()})


def _specs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in _PARTS.split(text):
        axis, between, value = (one.strip() for one in part.replace("＝", "=").partition("="))
        if (
            not (axis and between and value)
            or axis in found
            or max(len(axis), len(value)) > 20
            or _CONTROL.search(part)
        ):
            raise _Refused
        found[axis] = value
    return found
