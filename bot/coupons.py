"""优惠券: the coupons somebody can use."""

from __future__ import annotations

from bot.asker import Asker
from members import coupon_rules, coupons

_MOST = 10


async def answer(asker: Asker) -> list[str]:
    """Those that can still be used, with what they take off and until when."""
    held = await coupons.page(asker.customer.id, state="unused", limit=_MOST)
    if not held:
        return [asker.say("coupons.none")]
    return [
        asker.say("coupons.title"),
        *(_line(asker, one.coupon) for one in held),
        asker.say("coupons.how"),
    ]


def _line(asker: Asker, coupon: coupon_rules.Coupon) -> str:
    if coupon.off_fen is not None:
        off = asker.say("coupons.off", off_fen=coupon.off_fen)
    else:
        off = asker.say("coupons.percent", percent=coupon.off_percent)
    least = asker.say("coupons.least", least_fen=coupon.least_fen) if coupon.least_fen else ""
    return asker.say("coupons.line", name=coupon.name, off=off, least=least, ends_at=coupon.ends_at)
