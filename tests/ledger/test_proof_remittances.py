"""Each condition of the checks of remittances (I21), broken where no other sees it."""

from billing import remittances
from tests import factories
from tests.billing.remitting import Payouts, at_counter, closing_of, known_customer, of_closing, of_refund
from tests.ledger import breaking


async def under_way_and_ended():
    """Of refunds and of closings: one that waits for the customer, one that arrived, one that did not."""
    channel = Payouts()
    for state in (None, "paid", "failed"):
        customer = await known_customer(900, openid=factories.key())
        sent = await of_refund(channel, await at_counter(channel, customer))
        leaving = await known_customer(800, openid=factories.key())
        out = await of_closing(channel, await closing_of(leaving), amount_fen=500)
        for one in (sent, out):
            if state is not None:
                await remittances.settle("wechat_pay", channel.word(one.remittance_no, state))


_ASIDE = "a remittance whose money is not set aside"
_WAITS = "a part of a refund, or a hold, that waits for a remittance"
_ARRIVED = "a remittance that arrived and was not booked out"
_PAYOUT = "a payout by a remittance that did not arrive"
_HELD = "reference LIKE 'remittance:%'"
_PAID = "UPDATE posting SET {0} WHERE transfer_id IN (SELECT id FROM transfer WHERE {1})"
_REFUNDS = "reference IN (SELECT 'refund:' || purpose_no FROM remittance)"
_CLOSINGS = "kind = 'payout'"
_ELSEWHERE = "target_id = (SELECT id FROM account WHERE code = 'house:suspense')"

CONDITIONS = {
    "nothing is held": (_ASIDE, f"DELETE FROM hold WHERE {_HELD}"),
    "no more is held": (_ASIDE, f"UPDATE hold SET state = 'released', ended_at = now() WHERE state = 'open' AND {_HELD}"),
    "less is held": (_ASIDE, f"UPDATE hold SET amount_fen = amount_fen - 1 WHERE {_HELD}"),
    "the part is not being sent": (
        _ASIDE,
        "UPDATE refund_part SET state = 'waiting' WHERE state = 'sending'",
    ),
    "the part is another amount": (_ASIDE, "UPDATE refund_part SET amount_fen = amount_fen + 1 WHERE state = 'sending'"),
    "no part": (_ASIDE, "DELETE FROM refund_part"),
    "ended and still held": (
        _ASIDE,
        "UPDATE remittance SET state = 'failed', ask_at = NULL, ended_at = now() WHERE purpose = 'closing' AND state = 'waiting'",
    ),
    "arrived and still held": (
        _ASIDE,
        f"UPDATE hold SET state = 'open', captured_fen = 0, ended_at = NULL WHERE state <> 'open' AND {_HELD}",
    ),
    "open and nothing is held": (
        _ASIDE,
        "UPDATE remittance SET state = 'open' WHERE state = 'waiting'",
        f"DELETE FROM hold WHERE {_HELD}",
    ),
    "a part waits for none": (_WAITS, "DELETE FROM remittance WHERE purpose = 'refund'"),
    "a part waits for one that is over": (
        _WAITS,
        "UPDATE remittance SET state = 'failed', ask_at = NULL, ended_at = now() WHERE purpose = 'refund' AND state = 'waiting'",
    ),
    "a part waits for a closing's": (_WAITS, "UPDATE remittance SET purpose = 'closing' WHERE purpose = 'refund'"),
    "held for none": (_WAITS, "DELETE FROM remittance WHERE purpose = 'closing'"),
    "held for one that is over": (
        _WAITS,
        "UPDATE remittance SET state = 'failed', ask_at = NULL, ended_at = now() WHERE purpose = 'closing' AND state = 'waiting'",
    ),
    "a refund's arrived and less was moved": (_ARRIVED, _PAID.format("amount_fen = amount_fen - 1", _REFUNDS)),
    "a closing's arrived and less was moved": (_ARRIVED, _PAID.format("amount_fen = amount_fen - 1", _CLOSINGS)),
    "a refund's arrived from elsewhere": (_ARRIVED, _PAID.format(_ELSEWHERE, _REFUNDS)),
    "a closing's arrived from elsewhere": (_ARRIVED, _PAID.format(_ELSEWHERE, _CLOSINGS)),
    "arrived and no payout": (_ARRIVED, "DELETE FROM payout"),
    "a refund's arrived and nothing moved": (_ARRIVED, f"DELETE FROM transfer WHERE {_REFUNDS}"),
    "a payout of one that failed": (_PAYOUT, "UPDATE remittance SET state = 'failed' WHERE state = 'paid' AND purpose = 'closing'"),
    "a payout of none": (_PAYOUT, "UPDATE payout SET remittance_no = 'x' || id"),
    "a payout of less": (_PAYOUT, "UPDATE payout SET amount_fen = amount_fen - 1"),
}  # fmt: skip


async def test_every_condition_is_seen_by_its_own_check(db):
    mark = await breaking.marked_between(under_way_and_ended)
    assert await breaking.unseen(CONDITIONS, mark) == []
