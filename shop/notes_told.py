"""What customers are told beside the steps of their orders and after-sales: in their language, and nothing the shop noted for itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from core import money, words
from shop.after_sales_shown import Event as AfterSaleEvent
from shop.orders_history import Event

_OWN_OF_ORDERS = ("confirm", "hand_over", "close")
"""Steps of which operators note something for each other."""
_OWN_OF_AFTER_SALES = ("receive",)


def of_order(event: Event, locale: str) -> Event:
    """A step of an order's history as its customer reads it."""
    if event.note is None or event.step in _OWN_OF_ORDERS:
        return replace(event, note=None)
    pattern, tell = _TOLD.get(event.step, (None, None))
    found = pattern and pattern.fullmatch(event.note)
    return replace(event, note=tell(found, locale)) if found and tell else event


def of_after_sale(event: AfterSaleEvent) -> AfterSaleEvent:
    """A step of an after-sale as its customer reads it."""
    return replace(event, note=None) if event.step in _OWN_OF_AFTER_SALES else event


def _edited(found: re.Match[str], locale: str) -> str:
    return words.say("orders.edited", locale, was_fen=int(found[1]), became_fen=int(found[2]))


def _in_parts(found: re.Match[str], locale: str) -> str:
    first_fen, total_fen = money.fen_from_yuan(found[2]), money.fen_from_yuan(found[3])
    return words.say("orders.in_parts", locale, count=int(found[1]), first_fen=first_fen, total_fen=total_fen)


def _refunded(found: re.Match[str], locale: str) -> str:
    return words.say("orders.refunded", locale, refund_no=found[1], amount_fen=int(found[2]))


def _after_sale(found: re.Match[str], locale: str) -> str:
    step = words.say(f"orders.after_sale.{found[2]}", locale)
    note = "" if found[2] in _OWN_OF_AFTER_SALES else found[3]
    return words.say("orders.noted" if note else "orders.stepped", locale, number=found[1], step=step, note=note)  # fmt: skip


_TOLD: dict[str, tuple[re.Pattern[str], Callable[[re.Match[str], str], str]]] = {
    "edit": (re.compile(r"(\d+) → (\d+)"), _edited),
    "pay_in_parts": (re.compile(r"(\d+) 期 · \d+ parts: ([\d.]+) / ([\d.]+)"), _in_parts),
    "refund": (re.compile(r"(\w+) (\d+)"), _refunded),
    "after_sale": (re.compile(r"(\w+) ([a-z_]+)(?:: (.*))?", re.DOTALL), _after_sale),
}
"""How the history has it, and how it is told."""
