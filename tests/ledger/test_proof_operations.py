"""The proof names what is wrong with acts of operators, moves between customers and accounts that are gone."""

from billing import (
    adjustments,
    approvals,
    closings,
    merges,
    payments,
    payouts,
    points_adjustments,
    reversals,
    terms,
    transfers,
    write_offs,
)
from ledger import proof
from ledger.proof import marks
from members import points_rules
from tests import factories
from tests.ledger import breaking

LIMIT_FEN = terms.Terms().approval_above_fen
OURS = ("I17", "I18", "I19")


async def agreed(approval_no):
    done = await approvals.approve(2, approval_no, key=factories.key())
    assert done.state == "executed", done
    return done.result


async def a_busy_desk():
    """Adjustments and gifts, small and large, kept and undone; a merge with late money; a closing paid out, two others under way, one of
    which waits for the channel."""
    giver = await factories.customer(principal=3 * LIMIT_FEN, bonus=900, bonus_days=9)
    receiver, gone, closed, leaving = [await factories.customer(principal=1_000, bonus=100) for _ in range(4)]
    for amount_fen, kind in ((50, "bonus"), (-50, "principal"), (LIMIT_FEN + 1, "principal")):
        made = await adjustments.adjust(
            1, giver.id, kind=kind, amount_fen=amount_fen, reason="r", key=factories.key()
        )
        number = made.adjustment_no or await agreed(made.approval_no)
        if amount_fen == 50:
            await reversals.reverse_adjustment(1, number, reason="r", key=factories.key())
    await points_rules.put(points_rules.Rule(0, 0, 100, 1, None, None), by="operator:1")
    given = await points_adjustments.adjust(1, giver.id, LIMIT_FEN, reason="r", key=factories.key())
    await agreed(given.approval_no)
    for principal, bonus in ((70, 30), (LIMIT_FEN + 1, 0), (500, 20)):
        gift = transfers.Gift(giver.id, receiver.id, principal, bonus, "r")
        made = await transfers.send(1, gift, key=factories.key())
        number = made.transfer_no or await agreed(made.approval_no)
    await reversals.reverse_transfer(1, number, reason="r", key=factories.key())
    given_up = await factories.bill(giver.id, 700)
    await agreed(await write_offs.request(1, given_up, reason="r", key=factories.key()))
    late = await factories.top_up(gone.id, 300)
    await agreed(await merges.request(1, gone.id, receiver.id, reason="r", key=factories.key()))
    await payments.confirm(factories.trade(late))
    number = await agreed(await closings.request(1, closed.id, reason="r", key=factories.key()))
    await payouts.at_counter(1, number, receipt_no="1", key=factories.key())
    await agreed(await closings.request(1, leaving.id, reason="r", key=factories.key()))
    paid_back = await factories.customer(principal=800)
    await agreed(await closings.request(1, paid_back.id, reason="r", by_channel=True, key=factories.key()))


BREAKING = {
    "nobody agreed": ("I17", "UPDATE adjustment SET approval_no = 'V-none' WHERE approval_no IS NOT NULL"),
    "written off by nobody": ("I17", "DELETE FROM approval WHERE kind = 'write_off'"),
    "who asked is another": ("I17", "UPDATE approval SET requested_by = 9 WHERE kind = 'merge'"),
    "nothing was made": ("I17", "UPDATE approval SET result = 'A-none' WHERE kind = 'adjustment'"),
    "points nobody agreed to": ("I17", "DELETE FROM approval WHERE kind = 'points_adjustment'"),
    "no points were given": (
        "I17",
        "UPDATE points_movement SET reference = 'adjusted:' || id WHERE reference LIKE 'adjusted:V%'",
    ),
    "another amount": ("I17", "UPDATE adjustment SET amount_fen = amount_fen + 1"),
    "another operator": ("I17", "UPDATE adjustment SET operator_id = 9 WHERE approval_no IS NULL"),
    "an adjustment is lost": ("I17", "DELETE FROM adjustment WHERE reverses_no IS NULL"),
    "undone in part": (
        "I17",
        "UPDATE posting SET amount_fen = amount_fen - 1"
        " WHERE transfer_id IN (SELECT id FROM transfer WHERE kind = 'adjustment_reversal')",
    ),
    "undone from another lot": (
        "I17",
        "UPDATE posting SET target_lot_id = target_lot_id + 1 WHERE target_lot_id IS NOT NULL"
        " AND transfer_id IN (SELECT id FROM transfer WHERE kind = 'transfer_in' AND reverses_id IS NOT NULL)",
    ),
    "lost on the way": (
        "I18",
        "UPDATE posting SET amount_fen = amount_fen - 1 WHERE transfer_id IN (SELECT id FROM transfer WHERE kind = 'transfer_in')",
    ),
    "a move says more": ("I18", "UPDATE move SET principal_fen = principal_fen + 1"),
    "a move of others": ("I18", "UPDATE move SET giver_id = receiver_id + 1000 WHERE kind = 'merge'"),
    "a move is lost": ("I18", "DELETE FROM move WHERE kind = 'gift'"),
    "expiry is lost": (
        "I18",
        "UPDATE lot SET expires_at = now() WHERE kind = 'bonus' AND source LIKE 'transfer_in:%'",
    ),
    "money of who is gone": (
        "I19",
        "UPDATE account SET principal_fen = 1"
        " WHERE code IN (SELECT 'customer:' || id FROM customer WHERE state = 'merged')",
    ),
    "more was paid out": ("I19", "UPDATE closing SET paid_out_fen = paid_out_fen + 1"),
    "closed, but not the customer": ("I19", "UPDATE customer SET state = 'active' WHERE state = 'closed'"),
    "a payout nobody knows": ("I19", "DELETE FROM payout"),
}


_KINDS = ("adjustment", "customer_transfer", "points_adjustment", "merge", "closing")
_TWO, _NOTHING, _GIVEN_UP = (
    "an act under an approval",
    "an approval carried out that made nothing",
    "a bill written off",
)


def _approvals(title, kinds, changed):
    return {f"{kind}: {changed}": (title, f"UPDATE approval SET {changed} WHERE kind = '{kind}' AND state = 'executed'") for kind in kinds}  # fmt: skip


_SIDES, _LOT = "a move whose two sides differ", "a lot that lost its kind or expiry"
_TRANSIT, _GONE = "money on its way between customers", "a customer who was merged or whose account is closed"
_CLOSING, _OF_CLOSING = "a closing that did not pay out", "a refund of another's closing"


def _moved(kind, lots, *, by=1):
    """The postings of a kind of transfer whose lots are of a kind, with a fen more."""
    return (
        f"UPDATE posting SET amount_fen = amount_fen + {by} WHERE transfer_id IN (SELECT id FROM transfer WHERE kind = '{kind}')"
        f" AND coalesce(source_lot_id, target_lot_id) IN (SELECT id FROM lot WHERE kind = '{lots}')"
    )


def _account(state, changed):
    """Accounts of customers in a state, changed."""
    return (
        _GONE,
        f"UPDATE account SET {changed} WHERE code IN (SELECT 'customer:' || id FROM customer WHERE state = '{state}')",
    )


_MOVES = {
    f"{kind} of {lots}": (_SIDES, _moved(kind, lots))
    for kind in ("transfer_out", "transfer_in", "merge_out", "merge_in")
    for lots in ("principal", "bonus")
}
_BETWEEN_CUSTOMERS = {
    "a move nobody wrote down": (_SIDES, "DELETE FROM move"),
    "a move that moved nothing": (_SIDES, "DELETE FROM posting WHERE transfer_id IN (SELECT id FROM transfer WHERE kind LIKE 'merge_%')"),
    "given in more parts than were taken": (
        _SIDES,
        "INSERT INTO posting (transfer_id, source_id, target_id, source_lot_id, target_lot_id, amount_fen)"
        " SELECT transfer_id, source_id, target_id, source_lot_id, target_lot_id, 1 FROM posting"
        " WHERE amount_fen > 1 AND transfer_id IN (SELECT id FROM transfer WHERE kind = 'merge_in')",
        _moved("merge_in", "principal", by=-1) + " AND amount_fen > 1",
        _moved("merge_in", "bonus", by=-1) + " AND amount_fen > 1",
    ),
    "taken from another": (_SIDES, "UPDATE move SET giver_id = giver_id + 1000"),
    "given to another": (_SIDES, "UPDATE move SET receiver_id = receiver_id + 1000"),
    "taken in part from another": (
        _SIDES,
        "UPDATE lot SET account_id = (SELECT id FROM account WHERE kind = 'customer' ORDER BY code DESC LIMIT 1) WHERE kind = 'bonus'",
    ),
    "given in part to another": (
        _SIDES,
        "UPDATE lot SET account_id = (SELECT id FROM account WHERE kind = 'customer' ORDER BY code DESC LIMIT 1)"
        " WHERE kind = 'bonus' AND (source LIKE 'transfer_in:%' OR source LIKE 'merge_in:%')",
    ),
    "never given": (_TRANSIT, "DELETE FROM posting WHERE transfer_id IN (SELECT id FROM transfer WHERE kind = 'transfer_in')"),
    "more taken than given": (_TRANSIT, _moved("transfer_out", "principal")),
    "given as bonus": (_LOT, "UPDATE lot SET kind = 'bonus' WHERE source LIKE 'transfer_in:%' AND kind = 'principal'"),
    "merged as bonus": (_LOT, "UPDATE lot SET kind = 'bonus' WHERE source LIKE 'merge_in:%' AND kind = 'principal'"),
    "merged with another expiry": (_LOT, "UPDATE lot SET expires_at = now() WHERE source LIKE 'merge_in:%' AND kind = 'bonus'"),
    "more came into the lot": (_LOT, _moved("transfer_in", "principal")),
}  # fmt: skip
_ACCOUNTS_GONE = {
    "merged with principal": _account("merged", "principal_fen = principal_fen + 1"),
    "merged with bonus": _account("merged", "bonus_fen = bonus_fen + 1"),
    "closed with principal": _account("closed", "principal_fen = principal_fen + 1"),
    "closed with bonus": _account("closed", "bonus_fen = bonus_fen + 1"),
    "paid out more": (_CLOSING, "UPDATE payout SET amount_fen = amount_fen + 1"),
    "more was moved": (
        _CLOSING,
        "UPDATE posting SET amount_fen = amount_fen + 1 WHERE transfer_id IN (SELECT id FROM transfer WHERE kind = 'payout')",
    ),
    "moved elsewhere": (
        _CLOSING,
        "UPDATE posting SET target_id = (SELECT id FROM account WHERE code = 'house:suspense')"
        " WHERE transfer_id IN (SELECT id FROM transfer WHERE kind = 'payout')",
    ),
    "not moved": (_CLOSING, "DELETE FROM transfer WHERE kind = 'payout'"),
    "under way, but the customer is not leaving": (
        _CLOSING,
        "UPDATE customer SET state = 'active' WHERE state = 'closing'",
    ),
    "closed, but the customer is there": (
        _CLOSING,
        "UPDATE customer SET state = 'active' WHERE state = 'closed'",
    ),
    "a refund of no closing": (_OF_CLOSING, "UPDATE refund SET closing_no = 'x' WHERE closing_no IS NOT NULL"),
    "a bill's refund of a closing": (
        _OF_CLOSING,
        "UPDATE refund SET kind = 'bill', rule = NULL, bonus_fen = 0 WHERE closing_no IS NOT NULL",
    ),
    "a refund of another's closing": (
        _OF_CLOSING,
        "UPDATE refund SET customer_id = customer_id + 1000 WHERE closing_no IS NOT NULL",
    ),
    "closed while a refund is under way": (
        _OF_CLOSING,
        "UPDATE closing SET state = 'closed', closed_at = now() WHERE state = 'paying'",
    ),
    "closed while a refund is asked for": (
        _OF_CLOSING,
        "UPDATE refund SET state = 'requested' WHERE closing_no IS NOT NULL",
        "UPDATE closing SET state = 'closed', closed_at = now() WHERE state = 'paying'",
    ),
    "a payout of no closing": ("a payout in the books that no closing", "DELETE FROM payout"),
}  # fmt: skip
_ADJUSTED, _UNDONE = (
    "an adjustment that is not what its transfer moved",
    "a reversal that is not the exact opposite",
)
_UNDOING = "transfer_id IN (SELECT id FROM transfer WHERE reverses_id IS NOT NULL AND kind IN ('adjustment_reversal', 'transfer_in'))"
_HOUSE = "(SELECT id FROM account WHERE code = 'house:suspense')"
_ADJUSTMENTS = {
    "moved for no adjustment": (_ADJUSTED, "DELETE FROM adjustment WHERE reverses_no IS NULL"),
    "undone for no adjustment": (_ADJUSTED, "DELETE FROM adjustment WHERE reverses_no IS NOT NULL"),
    "adjusted and nothing moved": (_ADJUSTED, "DELETE FROM transfer WHERE kind = 'manual_adjustment'"),
    "undone and nothing moved": (_ADJUSTED, "DELETE FROM transfer WHERE kind = 'adjustment_reversal'"),
    "another amount": (_ADJUSTED, "UPDATE adjustment SET amount_fen = amount_fen + 1"),
    "another kind": (
        _ADJUSTED,
        "UPDATE adjustment SET kind = CASE kind WHEN 'bonus' THEN 'principal' ELSE 'bonus' END",
    ),
    "another customer": (_ADJUSTED, "UPDATE adjustment SET customer_id = customer_id + 1000"),
    "another operator": (_ADJUSTED, "UPDATE adjustment SET operator_id = 9"),
    **{
        f"undone with {changed}": (_UNDONE, f"UPDATE posting SET {changed} WHERE {_UNDOING} AND {column} IS NOT NULL")
        for column, changed in (
            ("amount_fen", "amount_fen = amount_fen + 1"),
            ("source_id", f"source_id = {_HOUSE}"),
            ("target_id", f"target_id = {_HOUSE}"),
            ("source_lot_id", "source_lot_id = source_lot_id + 1000"),
            ("source_lot_id", "source_lot_id = NULL"),
            ("target_lot_id", "target_lot_id = target_lot_id + 1000"),
            ("target_lot_id", "target_lot_id = NULL"),
        )
    },
    "not undone at all": (_UNDONE, f"DELETE FROM posting WHERE {_UNDOING}"),
    "more undone than there was": (
        _UNDONE,
        "DELETE FROM posting WHERE transfer_id IN (SELECT reverses_id FROM transfer)",
    ),
}  # fmt: skip
CONDITIONS = {
    **_ADJUSTMENTS,
    **_MOVES,
    **_BETWEEN_CUSTOMERS,
    **_ACCOUNTS_GONE,
    **_approvals(_TWO, _KINDS, "requested_by = 9"),
    **_approvals(_TWO, _KINDS, "state = 'rejected', result = NULL"),
    **_approvals(_NOTHING, _KINDS, "result = 'none'"),
    **_approvals(_GIVEN_UP, ("write_off",), "state = 'rejected', result = NULL"),
    **_approvals(_GIVEN_UP, ("write_off",), "result = 'none'"),
    **_approvals(_GIVEN_UP, ("write_off",), "kind = 'merge'"),
}
"""One condition of a check at a time, which that very check has to name. That nobody agrees to what they asked for, the table itself sees to
(``approval_second_person``)."""


async def test_every_way_to_break_them_is_named_in_the_whole_and_in_what_is_new(db):
    mark = await breaking.marked_between(a_busy_desk)
    assert await breaking.missed(BREAKING, mark) == []
    assert await breaking.unseen(CONDITIONS, mark) == []


def test_each_of_these_checks_is_broken_somewhere_here():
    assert {invariant for invariant, _ in BREAKING.values()} == set(OURS)


async def test_an_act_whose_rows_lie_on_both_sides_of_a_mark_is_no_offence(db):
    await a_busy_desk()
    assert (await proof.run()).is_mark
    mark = await marks.last()
    tables = ("adjustment", "move", "transfer", "approval", "closing", "customer_merge")
    await breaking.whole_on_both_sides(mark, tables)
