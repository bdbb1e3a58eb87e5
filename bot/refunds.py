"""退款: what of the top-ups may go back, and how the latest refunds stand."""

from __future__ import annotations

from billing import refunds
from bot.asker import Asker

OFFERED, SHOWN = 3, 3


async def answer(asker: Asker) -> list[str]:
    """What may go back by which rule, then the last refunds with their state."""
    offered = await refunds.offers(asker.customer.id, limit=OFFERED)
    lines = [asker.say("refunds.title" if offered else "refunds.nothing")]
    lines += [_offer(asker, offer) for offer in offered]
    if offered:
        lines.append(asker.say("refunds.how"))
    latest = await refunds.page(customer_id=asker.customer.id, limit=SHOWN)
    if latest:
        lines.append(asker.say("refunds.latest"))
        lines += [_line(asker, refund) for refund in latest]
    return lines


def _offer(asker: Asker, offer: refunds.Offer) -> str:
    return asker.say(
        "refunds.offer_by_right" if offer.by_right else "refunds.offer",
        paid_fen=offer.paid_fen,
        at=offer.credited_at,
        refundable_fen=offer.refundable_fen,
        bonus_fen=offer.bonus_back_fen,
        right_ends_at=offer.right_ends_at,
    )


def _line(asker: Asker, refund: refunds.Refund) -> str:
    return asker.say(
        "refunds.line",
        at=refund.created_at,
        amount_fen=refund.amount_fen,
        kind=asker.say(f"refunds.kind.{refund.kind}"),
        state=asker.say(f"refunds.state.{refund.state}"),
        refund_no=refund.refund_no,
    )
