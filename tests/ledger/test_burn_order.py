"""Which lots a debit burns, against the policies' own words in a few lines of Python."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from core import clock
from core import db as database
from ledger import accounts, holds, posting
from tests import factories

_NEVER = datetime.max.replace(tzinfo=UTC)


def burnt_by(policy, lots, amount_fen):
    """{lot: amount} by ``(lot, kind, remaining, expires)`` in the order they came; the rule as docs/money.md states it."""

    def by_expiry(lot):
        return (lot[3] is None, lot[3] or _NEVER, lot[1] == "principal", lot[0])

    def take(ordered, wanted):
        out = {}
        for number, _, remaining, _ in ordered:
            if took := min(remaining, wanted):
                out[number], wanted = took, wanted - took
        return out

    def of(kind):
        return sorted((lot for lot in lots if lot[1] == kind), key=by_expiry)

    if policy == "bonus_first":
        return take(of("bonus") + of("principal"), amount_fen)
    if policy == "principal_first":
        return take(of("principal") + of("bonus"), amount_fen)
    if policy == "earliest_expiry":
        return take(sorted(lots, key=by_expiry), amount_fen)
    total, bonus = sum(lot[2] for lot in lots), sum(lot[2] for lot in lots if lot[1] == "bonus")
    of_bonus = amount_fen * bonus // total
    return take(of("bonus"), of_bonus) | take(of("principal"), amount_fen - of_bonus)


@pytest.mark.parametrize("policy", accounts.POLICIES)
async def test_a_debit_burns_the_lots_its_policy_names_to_the_fen(db, policy):
    chance, days = random.Random(policy), [None, None, 1, 2, 2, 3]
    for number in range(12):
        customer = await factories.customer()
        code = accounts.of_customer(customer.id)
        await database.execute("UPDATE account SET burn_policy = $2 WHERE code = $1", code, policy)
        for lot in range(chance.randint(1, 6)):
            kind, day = chance.choice(["principal", "bonus"]), chance.choice(days)
            never = day is None or kind == "principal"  # principal has no expiry, by law and by constraint
            expires_at = None if never else clock.now().replace(microsecond=0) + timedelta(days=day)
            credit = posting.credit(
                accounts.BONUS_COST, code, chance.randint(1, 99), kind=kind, expires_at=expires_at
            )
            await posting.post_one(posting.Transfer(f"in:{number}:{lot}", "grant", [credit], operator="t"))
        while lots := await _open_lots(code):
            amount_fen = chance.randint(1, sum(lot[2] for lot in lots))
            spend = posting.debit(code, accounts.REVENUE, amount_fen)
            posted = await posting.post_one(
                posting.Transfer(
                    f"out:{number}:{len(lots)}:{chance.random()}", "spend", [spend], operator="t"
                )
            )
            rows = await database.fetch(
                "SELECT source_lot_id, amount_fen FROM posting WHERE transfer_id = $1", posted.transfer_id
            )
            assert dict(map(tuple, rows)) == burnt_by(policy, lots, amount_fen), (lots, amount_fen)


async def _open_lots(code):
    rows = await database.fetch(
        "SELECT l.id, l.kind, l.remaining_fen, l.expires_at FROM lot l JOIN account a ON a.id = l.account_id"
        " WHERE a.code = $1 AND l.remaining_fen > 0",
        code,
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("held_fen", [0, 1, 60, 100])
async def test_a_partial_debit_leaves_what_is_held(db, held_fen):
    customer = await factories.customer(principal=70, bonus=30)
    code = accounts.of_customer(customer.id)
    if held_fen:
        await holds.place(code, reference="h", amount_fen=held_fen)
    leg = posting.debit(code, accounts.REVENUE, 500, partial=True)
    (posted,) = await posting.post([posting.Transfer("p", "spend", [leg], operator="t")])
    assert posted.moved_fen == 100 - held_fen
    assert posted.outcome == ("insufficient" if held_fen == 100 else "posted")
