"""Plain debits take a shorter statement than other transfers: to the same answers, rows and refusals."""

import asyncio
import random
from datetime import timedelta

import pytest

from core import clock
from core import db as database
from ledger import accounts, holds, posting
from tests import factories


async def twins(policy, chance):
    """Two customers with the same lots, one of them to be served by the long way."""
    both = [await factories.customer() for _ in range(2)]
    for number in range(chance.randint(1, 4)):
        kind, amount_fen = chance.choice(["principal", "bonus"]), chance.randint(1, 99)
        days = chance.choice([None, 5, 9]) if kind == "bonus" else None
        expires_at = None if days is None else clock.now() + timedelta(days=days)
        for customer in both:
            given = posting.credit(
                accounts.BONUS_COST,
                accounts.of_customer(customer.id),
                amount_fen,
                kind=kind,
                expires_at=expires_at,
            )
            await posting.post_one(
                posting.Transfer(f"in:{customer.id}:{number}", "grant", [given], operator="t")
            )
    codes = [accounts.of_customer(customer.id) for customer in both]
    await database.execute("UPDATE account SET burn_policy = $2 WHERE code = ANY ($1)", codes, policy)
    return codes


def spending(code, amounts):
    return [
        posting.Transfer(
            f"out:{number}:{code}", "spend", [posting.debit(code, accounts.REVENUE, amount)], operator="t"
        )
        for number, amount in enumerate(amounts)
    ]


async def the_long_way(transfers):
    rows = await database.fetch(posting._POST, *posting._columns(transfers))
    return [
        (
            row["outcome"],
            row["principal_fen"],
            row["bonus_fen"],
            row["available_before_fen"],
            row["available_after_fen"],
        )
        for row in rows
    ]


_BURNT = """
SELECT t.reference LIKE 'out:%', t.burn_policy, p.amount_fen, l.kind, l.remaining_fen, e.entry_no, e.principal_after_fen, e.bonus_after_fen
FROM posting p JOIN transfer t ON t.id = p.transfer_id JOIN lot l ON l.id = p.source_lot_id
JOIN account a ON a.id = p.source_id JOIN entry e ON e.transfer_id = t.id
WHERE a.code = $1 ORDER BY p.id
"""


@pytest.mark.parametrize("policy", accounts.POLICIES)
async def test_a_plain_debit_leaves_what_the_long_way_leaves(db, policy):
    chance = random.Random(policy)
    for _ in range(8):
        short, long = await twins(policy, chance)
        amounts = [chance.randint(1, 120) for _ in range(5)]
        said = [
            (one.outcome, one.principal_fen, one.bonus_fen, one.available_before_fen, one.available_after_fen)
            for one in await posting.post(spending(short, amounts))
        ]
        expected = await the_long_way(spending(long, amounts))
        assert said == [(one[0], one[1] or 0, one[2] or 0, *one[3:]) for one in expected]
        rows = [[tuple(row) for row in await database.fetch(_BURNT, code)] for code in (short, long)]
        assert rows[0] == rows[1]


async def test_a_set_is_judged_one_by_one_and_refusals_move_nothing(db):
    rich, poor = await factories.customer(principal=1000), await factories.customer(principal=10)
    held = await factories.customer(principal=1000)
    await holds.place(accounts.of_customer(held.id), reference="h", amount_fen=950)
    (first,) = await posting.post(spending(accounts.of_customer(rich.id), [100]))
    mixed = [
        *spending(accounts.of_customer(rich.id), [100, 300]),
        *spending(accounts.of_customer(poor.id), [11]),
        *spending(accounts.of_customer(held.id), [51]),
        *spending("customer:999", [1]),
        posting.Transfer(
            f"out:0:{accounts.of_customer(rich.id)}",
            "spend",
            [posting.debit(accounts.of_customer(rich.id), accounts.REVENUE, 101)],
            operator="t",
        ),
        posting.Transfer(
            "nowhere", "spend", [posting.debit(accounts.of_customer(rich.id), "house:none", 1)], operator="t"
        ),
    ]
    posted = await posting.post(mixed)
    assert [one.outcome for one in posted] == [
        "repeated", "posted", "insufficient", "insufficient", "no_account", "mismatch", "no_account",
    ]  # fmt: skip
    assert (posted[0].transfer_id, posted[0].moved_fen) == (first.transfer_id, 100)
    assert await factories.balance(rich.id) == (600, 0)
    assert await factories.balance(poor.id) == (10, 0)


async def test_the_database_tells_a_repeat_by_the_same_fingerprint(db):
    (transfer,) = spending("customer:42", [1234])
    made = await database.fetchval(
        "SELECT ledger_debit_fingerprint('spend', 'customer:42', 'house:revenue', 1234)"
    )
    assert made == transfer.fingerprint()


_BURN = """
SELECT ordinal, outcome FROM ledger_burn(now(), $1::int[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[],
                                         $9::bigint[], $10)
"""


def burnt(transfers, *, fresh=False):
    """Debits, of which the kind, the operator and the target are told once."""
    return database.fetch(
        _BURN,
        list(range(1, len(transfers) + 1)) or None,
        [one.reference for one in transfers] or None,
        ["spend"],
        [one.fingerprint() for one in transfers] or None,
        ["till"],
        [one.memo for one in transfers] or None,
        [one.legs[0].source for one in transfers] or None,
        [accounts.REVENUE],
        [one.legs[0].amount_fen for one in transfers] or None,
        fresh,
    )


async def test_what_all_have_in_common_is_told_once(db):
    customers = [await factories.customer(principal=100) for _ in range(3)]
    asked = [spending(accounts.of_customer(one.id), [60])[0] for one in customers]
    assert [tuple(row) for row in await burnt(asked)] == [(1, "posted"), (2, "posted"), (3, "posted")]
    rows = await database.fetch(
        "SELECT t.kind, t.operator, a.code FROM transfer t JOIN posting p ON p.transfer_id = t.id JOIN account a ON a.id = p.target_id"
        " WHERE t.reference LIKE 'out:%'"
    )
    assert [tuple(row) for row in rows] == [("spend", "till", accounts.REVENUE)] * 3
    assert [tuple(row) for row in await burnt(asked)] == [(1, "repeated"), (2, "repeated"), (3, "repeated")]
    assert await burnt([]) == []


async def test_nothing_and_less_than_nothing_are_refused_alone(db):
    customers = [await factories.customer(principal=100) for _ in range(3)]
    asked = [spending(accounts.of_customer(one.id), [60])[0] for one in customers]
    rows = await database.fetch(
        _BURN, [1, 2, 3], [one.reference for one in asked], ["spend"], [one.fingerprint() for one in asked], ["till"], [""] * 3,
        [one.legs[0].source for one in asked], [accounts.REVENUE], [0, 60, -1], False,
    )  # fmt: skip
    assert sorted(map(tuple, rows)) == [(1, "insufficient"), (2, "posted"), (3, "insufficient")]


async def test_what_one_of_several_does_not_say_is_not_taken_from_the_first(db):
    customers = [await factories.customer(principal=100) for _ in range(2)]
    asked = [spending(accounts.of_customer(one.id), [60])[0] for one in customers]
    both = [
        [1, 2], [one.reference for one in asked], ["spend"], [one.fingerprint() for one in asked], ["a", "b"], [""] * 2,
        [one.legs[0].source for one in asked], [accounts.REVENUE, None], [60, 60], False,
    ]  # fmt: skip
    assert sorted(map(tuple, await database.fetch(_BURN, *both))) == [(1, "posted"), (2, "no_account")]
    both[7] = [accounts.REVENUE]
    for at, values in ((2, ["spend", None]), (4, ["a", None])):
        with pytest.raises(Exception, match="null value in column"):
            await database.fetch(_BURN, *both[:at], values, *both[at + 1 :])


async def test_a_reference_that_is_said_to_be_fresh_and_is_not_moves_nothing(db):
    customer = await factories.customer(principal=100)
    (asked,) = spending(accounts.of_customer(customer.id), [60])
    assert [tuple(row) for row in await burnt([asked], fresh=True)] == [(1, "posted")]
    await factories.topped_up(customer.id, 100)
    with pytest.raises(Exception, match="transfer_reference_key"):
        await burnt([asked], fresh=True)
    assert await factories.balance(customer.id) == (140, 0)


@pytest.mark.parametrize("policy", accounts.POLICIES)
@pytest.mark.parametrize("amount_fen", [39, 40, 41, 60, 100])
async def test_the_lot_that_is_burnt_first_is_enough_or_is_not(db, policy, amount_fen):
    """Lots whose order is another by each policy: to the fen what the first has, one less, one more, and all."""
    both = [await factories.customer() for _ in range(2)]
    codes = [accounts.of_customer(customer.id) for customer in both]
    soon = clock.now() + timedelta(days=5)
    for code in codes:
        for kind, given_fen, expires_at in (
            ("principal", 40, None), ("bonus", 20, soon + timedelta(days=1)), ("bonus", 40, soon),
        ):  # fmt: skip
            lot = posting.credit(accounts.BONUS_COST, code, given_fen, kind=kind, expires_at=expires_at)
            name = f"in:{code}:{kind}:{given_fen}"
            await posting.post_one(posting.Transfer(name, "grant", [lot], operator="t"))
    await database.execute("UPDATE account SET burn_policy = $2 WHERE code = ANY ($1)", codes, policy)
    (said,) = await posting.post(spending(codes[0], [amount_fen]))
    ((outcome, *_),) = await the_long_way(spending(codes[1], [amount_fen]))
    assert said.outcome == outcome == "posted"
    rows = [[tuple(row) for row in await database.fetch(_BURNT, code)] for code in codes]
    assert rows[0] == rows[1]


async def test_at_once_as_many_are_paid_as_the_balance_covers_and_the_others_are_refused(db):
    customer = await factories.customer(principal=300, bonus=250)
    code = accounts.of_customer(customer.id)
    ended = await asyncio.gather(
        *(posting.post_one(one) for one in spending(code, [100] * 12)), return_exceptions=True
    )
    refused = [one for one in ended if not isinstance(one, posting.Posted)]
    assert [type(one) for one in refused] == [posting.InsufficientBalance] * 7
    assert (await accounts.balance(customer.id)).balance_fen == 50
    assert len({one.transfer_id for one in ended if isinstance(one, posting.Posted)}) == 5
