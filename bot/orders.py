"""订单: the latest orders."""

from __future__ import annotations

from bot.asker import Asker
from shop import orders

SHOWN = 3


async def answer(asker: Asker) -> list[str]:
    """The last orders with their state, newest first."""
    latest = await orders.page(asker.customer.id, limit=SHOWN)
    if not latest:
        return [asker.say("orders.none")]
    lines = [asker.say("orders.title", count=len(latest))]
    for order in latest:
        lines.append(line(asker, order))
        if order.state == "placed" and not order.under_review:
            lines.append(asker.say("orders.pay_before", expires_at=order.expires_at))
    if any(order.state == "placed" and not order.under_review for order in latest):
        lines.append(asker.say("orders.how"))
    if asker.asked.names({"AFTERSALE"}):
        lines.append(asker.say("orders.after_sale"))
    return lines


def named(asker: Asker, order: orders.Order) -> str:
    """What was ordered, in short."""
    first, others = order.lines[0], len(order.lines) - 1
    one = asker.say("orders.item", name=first.product_name, quantity=first.quantity)
    return asker.say("orders.and_more", first=one, others=others, kinds=others + 1) if others else one


def line(asker: Asker, order: orders.Order) -> str:
    """An order and how it stands."""
    return asker.say(
        "orders.line",
        what=named(asker, order),
        total_fen=order.total_fen,
        state=asker.say(f"orders.state.{'under_review' if order.under_review else order.state}"),
        placed_at=order.placed_at,
        order_no=order.order_no,
    )
