"""After the storm: the channels' own books, the inbox and ours, compared to the fen."""

from collections import Counter, defaultdict

from core import db
from ledger import proof

_OPEN = """
SELECT (SELECT count(*) FROM payment WHERE ask_at IS NOT NULL) AS payments,
       (SELECT count(*) FROM refund_part WHERE ask_at IS NOT NULL) AS refunds,
       (SELECT count(*) FROM channel_notice WHERE act_at IS NOT NULL) AS notices,
       (SELECT count(*) FROM quarantine WHERE ask_at IS NOT NULL) AS returns
"""
_OURS = """
SELECT channel, payment_no, channel_trade_no, amount_fen FROM payment WHERE state = 'paid'
UNION ALL SELECT channel, payment_no, channel_trade_no, amount_fen FROM quarantine WHERE booked_fen > 0
"""
_BACK = """
SELECT part_no, tender AS channel, payment_no, amount_fen FROM refund_part WHERE state = 'paid' AND payment_no IS NOT NULL
UNION ALL SELECT refund_no, channel, payment_no, amount_fen FROM quarantine WHERE resolution = 'sent_back'
"""
_CLEARING = """
SELECT coalesce(sum(CASE WHEN t.code = $1 THEN p.amount_fen ELSE -p.amount_fen END), 0)::bigint FROM posting p
JOIN account s ON s.id = p.source_id JOIN account t ON t.id = p.target_id WHERE $1 IN (s.code, t.code)
"""


async def unfinished():
    """How much the shop still waits to know, by kind."""
    return Counter(dict(await db.fetchrow(_OPEN)))


_ASIDE = "SELECT reason, count(*) FROM quarantine GROUP BY reason"


async def set_aside():
    """How much money was quarantined, by the reason why."""
    return Counter({row[0]: row[1] for row in await db.fetch(_ASIDE)})


async def failures(movements):
    """What does not agree between what people really paid and got back, and our books."""
    paid = [one for one in movements if one.kind == "paid"]
    refunded = [one for one in movements if one.kind == "refunded"]
    wrong = _differences(
        "paid", Counter((one.channel, one.out_trade_no, one.channel_trade_no, one.amount_fen) for one in paid),
        Counter(tuple(row) for row in await db.fetch(_OURS)),
    )  # fmt: skip
    wrong += _differences(
        "back", Counter((one.out_refund_no, one.channel, one.out_trade_no, one.amount_fen) for one in refunded),
        Counter(tuple(row) for row in await db.fetch(_BACK)),
    )  # fmt: skip
    net = defaultdict(int)
    for one in movements:
        net[one.channel] += one.amount_fen if one.kind == "paid" else -one.amount_fen
    for channel in ("wechat_pay", "alipay"):
        booked = await db.fetchval(_CLEARING, f"house:{channel}")
        if net[channel] != -booked:
            wrong.append(f"{channel} holds {net[channel]} fen for us, house:{channel} says {-booked}")
    wrong += [str(violation) for violation in await proof.check()]
    return wrong


def _differences(what, theirs, ours):
    missing = [f"{what} there, not here (or not so often): {one}" for one in theirs - ours]
    return missing + [f"{what} here, not there: {one}" for one in ours - theirs]
