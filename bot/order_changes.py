"""付订单 1234 38.00, 取消订单 1234: paying an order from the balance and cancelling one that is not paid, by the end of its number.

Whoever asks in other words is shown the orders that wait for payment, with the words that do it; of one a yes does it too, of several a
number picks one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable
from typing import Literal

from billing import payable
from bot import orders as listed
from bot.asker import Asker
from bot.dialogue import Choice, Outcome, Proposal, Subject
from core import ids, money
from shop import orders

What = Literal["pay", "cancel"]
_MOST = 5
_DIGITS = 4
_CODE = r"\s*(?:单号|單號|no\.?)?\s*(?P<code>[0-9]{4})"
_YUAN = r"\s+[¥￥]?\s*(?P<yuan>[0-9]{1,8}(?:\.[0-9]{1,2})?)\s*元?"
_ENDS = r"\s*[。.!]?\s*"
_PAYS = re.compile(r"\s*(?:(?P<chinese>(?:确认)?付订单|付訂單)|pay\s+order)" + _CODE + _YUAN + _ENDS)
_CANCELS = re.compile(r"\s*(?:(?P<chinese>取消订单|取消訂單)|cancel\s+order)" + _CODE + _ENDS)


def deed(what: What) -> str:
    """What it is called where it is proposed."""
    return f"{what}_order"


async def _waiting(asker: Asker) -> list[orders.Order]:
    """The orders that wait for their payment and are not being checked, newest first."""
    found = await orders.page(asker.customer.id, states=("placed",), limit=_MOST)
    return [order for order in found if not order.under_review]


def proposal(what: What) -> Callable[[Asker], Awaitable[list[str]]]:
    """The answer to somebody who wants to pay or cancel an order: those that can be, with the words that do it."""

    async def answer(asker: Asker) -> list[str]:
        waiting = await _waiting(asker)
        named = asker.asked.slots.number
        found = [order for order in waiting if named and order.order_no.endswith(named)] or waiting
        if not found:
            return [asker.say(f"order_changes.none_to.{what}")]
        if len(found) == 1:
            return await _propose(asker, what, found[0])
        asker.turn.offer([Choice(deed(what), {"order_no": order.order_no}) for order in found])
        lines = asker.numbered([_line(asker, what, order) for order in found])
        return [asker.say(f"order_changes.title.{what}"), *lines]

    return answer


def propose(what: What) -> Callable[[Asker, Subject], Awaitable[list[str]]]:
    """The question whether that order is to be paid or cancelled."""

    async def answer(asker: Asker, subject: Subject) -> list[str]:
        order = await orders.get(asker.customer.id, subject["order_no"])
        if order.state != "placed" or order.under_review:
            return [listed.line(asker, order)]
        return await _propose(asker, what, order)

    return answer


async def _propose(asker: Asker, what: What, order: orders.Order) -> list[str]:
    lines = [asker.say(f"order_changes.title.{what}"), _line(asker, what, order)]
    if what == "pay":
        available_fen = await payable.available_fen(asker.customer.id)
        lines.append(asker.say("pay_bill.available", available_fen=available_fen))
        if asker.leads_to("order") and (missing_fen := await asker.missing_fen(order.total_fen)):
            words = asker.say("pay_bill.rest", missing_fen=missing_fen)
            return [*lines, asker.link("order", words, order_no=order.order_no)]
    asker.turn.propose(deed(what), {"order_no": order.order_no}, str(order.total_fen))
    named = asker.say(
        f"order_changes.what.{what}", what=listed.named(asker, order), total_fen=order.total_fen
    )
    return [*lines, *asker.yes_does(named)]


def _line(asker: Asker, what: What, order: orders.Order) -> str:
    return asker.say(
        f"order_changes.line.{what}",
        what=listed.named(asker, order),
        code=order.order_no[-_DIGITS:],
        total_fen=order.total_fen,
        expires_at=order.expires_at,
    )


def do(what: What) -> Callable[[Asker, Proposal], Awaitable[Outcome]]:
    """What somebody has said yes to."""

    async def answer(asker: Asker, proposal: Proposal) -> Outcome:
        order_no, total_fen = proposal.subject["order_no"], int(proposal.mark)
        return await _do(asker, what, order_no, total_fen, key=proposal.number)

    return answer


async def _do(asker: Asker, what: What, order_no: str, total_fen: int, *, key: str) -> Outcome:
    customer_id = asker.customer.id
    if what == "cancel":
        order = await orders.cancel_as_shown(customer_id, order_no, total_fen, key=key)
        line = asker.say(
            "order_changes.cancelled", what=listed.named(asker, order), total_fen=order.total_fen
        )
        return Outcome([line], kept_because="order_changes.no_undo")
    order = await orders.pay_as_shown(customer_id, order_no, total_fen, key=key)
    told = "order_changes.under_review" if order.under_review else "order_changes.paid"
    available_fen = await payable.available_fen(customer_id)
    line = asker.say(
        told, what=listed.named(asker, order), total_fen=order.total_fen, available_fen=available_fen
    )
    return Outcome([line], kept_because="dialogue.no_undo.paid")


def asked(text: str) -> tuple[Change, str] | None:
    """What a text asks for to the letter, and the language it does so in; None when it asks for none of it."""
    plain = unicodedata.normalize("NFKC", text[:200]).casefold()
    if (match := _PAYS.fullmatch(plain)) is not None:
        change = Change("pay", match["code"], money.fen_from_yuan(match["yuan"]))
    elif (match := _CANCELS.fullmatch(plain)) is not None:
        change = Change("cancel", match["code"])
    else:
        return None
    return change, "zh-CN" if match["chinese"] else "en"


class Change:
    """An order somebody wants paid or cancelled by the end of its number: answered by doing it, if one order is so named."""

    def __init__(self, what: What, code: str, amount_fen: int | None = None) -> None:
        self._what, self._code, self._amount_fen = what, code, amount_fen

    async def answer(self, asker: Asker) -> list[str]:
        """What came of it."""
        found = [
            order
            for order in await _waiting(asker)
            if order.order_no.endswith(self._code) and self._amount_fen in (None, order.total_fen)
        ]
        if not found or (len(found) > 1 and self._what == "cancel"):
            return [asker.say(f"order_changes.not_one.{self._what}", code=self._code)]
        order = found[-1]
        # a key of its own: it may be said again after a payment was turned down
        outcome = await _do(asker, self._what, order.order_no, order.total_fen, key=ids.new_no("K"))
        asker.turn.did(outcome)
        return outcome.lines
